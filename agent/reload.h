/*
 * reload.h - SIGHUP: the configuration is read again while the agent runs.
 *
 * The new one is checked first: a bad one changes nothing.  Then what is in flight is finished, as
 * for a stop, and what depends on the configuration is opened anew.
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
	bool under_way;         /* reading has stopped, the drain is on */
	bool failed;            /* the last one was asked for with a configuration that is wrong */
	int64_t loaded_real_ms; /* when the configuration in force was read */
	struct conf *conf;      /* the next one; NULL: only open anew */
	struct rules *rules;    /* and its rules; NULL: there are none */
};

void reload_begin(struct agent *a);

/*
 * All answers are in, or the time for them is over; all that was acknowledged is committed.  What
 * was not acknowledged is read again.  0, or a negative errno: the agent cannot go on.
 */
int reload_finish(struct agent *a, struct err *err) MUST_CHECK;

void reload_close(struct reload *r);

#endif
