/*
 * open.h - opening what the agent joins, in order, and closing it in reverse; for agent/ only.
 */
#ifndef AGENT_OPEN_H
#define AGENT_OPEN_H

#include "base/err.h"

struct agent;

/* Everything.  0 or a negative errno; -EEXIST: the configuration has to say more. */
int open_all(struct agent *a, struct err *err) MUST_CHECK;
void close_all(struct agent *a);

/* The two halves that a reload opens anew; the tailer first. */
int open_tailer(struct agent *a, struct err *err) MUST_CHECK;
void close_tailer(struct agent *a);
int open_ship(struct agent *a, struct err *err) MUST_CHECK;
void close_ship(struct agent *a);

#endif
