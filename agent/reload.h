/*
 * reload.h - SIGHUP: reads the configuration again while the agent runs.
 *
 * The new one is checked first: one with errors changes nothing.  Then requests in flight are
 * finished, as for a stop, and everything that depends on the configuration is opened again.
 */
#ifndef AGENT_RELOAD_H
#define AGENT_RELOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct agent;
struct conf;
struct rules;

struct reload {
	bool under_way;         /* reading has stopped and the drain has begun */
	bool failed;            /* the last reload found errors in the configuration */
	int64_t loaded_real_ms; /* when the configuration in force was read */
	struct conf *conf;      /* the next one; NULL: only open everything again */
	struct rules *rules;    /* its rules; NULL: no rules */
};

void reload_begin(struct agent *a);

/*
 * Call this when all answers are in, or the time for them is over, and everything acknowledged is
 * committed.  Rows not acknowledged are read again.  Returns 0, or a negative errno: then the agent
 * cannot continue.
 */
int reload_finish(struct agent *a, struct err *err) MUST_CHECK;

void reload_close(struct reload *r);

#endif
