/*
 * announce.h - the agent's log lines about itself, and its reports to the service manager.  Used in
 * agent/ only.
 */
#ifndef AGENT_ANNOUNCE_H
#define AGENT_ANNOUNCE_H

#include <stdint.h>

#include "base/log.h"

struct agent;

struct announce {
	struct log_burst note_limit;
	uint64_t state; /* last reported to the service manager, as a number */
};

/* Logs a line of another room; when there are too many, some are left out and counted. */
void announce_note(struct agent *a, enum log_level level, const char *text);

void announce_start(struct agent *a);
void announce_reloaded(struct agent *a);
void announce_state(struct agent *a); /* called each turn: reports a change of state */
void announce_stop(const struct agent *a);

#endif
