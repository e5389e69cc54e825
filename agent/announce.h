/*
 * announce.h - what the agent logs of itself, and what it tells the service manager; for agent/
 * only.
 */
#ifndef AGENT_ANNOUNCE_H
#define AGENT_ANNOUNCE_H

#include <stdint.h>

#include "base/log.h"

struct agent;

struct announce {
	struct log_burst note_limit;
	uint64_t state; /* what the service manager was told of, as a number */
};

/* A line of another room; in a crowd of them some are left out, and counted. */
void announce_note(struct agent *a, enum log_level level, const char *text);

void announce_start(struct agent *a);
void announce_reloaded(struct agent *a);
void announce_state(struct agent *a); /* each turn: tells when it is another one */
void announce_stop(const struct agent *a);

#endif
