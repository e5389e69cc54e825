/*
 * open.h - opens the agent's parts in order, and closes them in reverse.  Used in agent/ only.
 */
#ifndef AGENT_OPEN_H
#define AGENT_OPEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct agent;

/* Opens everything.  Returns 0 or a negative errno; -EEXIST: first-start must be configured. */
int open_all(struct agent *a, struct err *err) MUST_CHECK;
void close_all(struct agent *a);

/* The two halves that a reload opens again; the tailer comes first. */
struct conf;
int open_tailer(struct agent *a, struct err *err) MUST_CHECK;
void close_tailer(struct agent *a);
/* Puts conf in force, with a tailer of its sources; the caller owns the conf before. */
int reopen_tailer(struct agent *a, struct conf *conf, struct err *err) MUST_CHECK;
/* Returns the number under which the store has a source's types and rules; 0 if it cannot. */
uint32_t open_selection(struct agent *a, size_t source);
int open_ship(struct agent *a, struct err *err) MUST_CHECK;
void close_ship(struct agent *a);

#endif
