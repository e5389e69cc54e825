/*
 * samples.h - the running agent's history, sampled whenever the loop turns anyway.
 */
#ifndef AGENT_SAMPLES_H
#define AGENT_SAMPLES_H

#include "conf/conf.h"
#include "status/history.h"
#include "status/view.h"

struct counters;
struct feed;

struct samples {
	/* Borrowed; set again for each configuration. */
	const struct conf *conf;
	const struct tailer *tailer;
	const struct ship *ship;
	const struct feed *feeds; /* by source */
	struct counters *counters;

	struct history *history;
	uint64_t *values; /* of its series, as last sampled */
};

/*
 * The caller sets the borrowed fields first.  An existing history continues under the new
 * configuration, by the names of sources and endpoints.  Returns 0 or -ENOMEM.
 */
int samples_open(struct samples *s, int64_t now_ms, struct err *err) MUST_CHECK;
void samples_close(struct samples *s);

/*
 * Samples what is due.  Call this right after waiting and before handling its results, when nothing
 * has changed since the last turn.
 */
void samples_take(struct samples *s, int64_t now_ms);

struct rates samples_rates(const struct samples *s, size_t series);

#endif
