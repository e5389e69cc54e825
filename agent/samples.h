/*
 * samples.h - the numbers of a running agent's history, taken when the loop turns anyway.
 */
#ifndef AGENT_SAMPLES_H
#define AGENT_SAMPLES_H

#include "conf/conf.h"
#include "status/history.h"
#include "status/view.h"

struct counters;
struct feed;

struct samples {
	/* Borrowed; opened anew with each configuration. */
	const struct conf *conf;
	const struct tailer *tailer;
	const struct ship *ship;
	const struct feed *feeds; /* by source */
	struct counters *counters;

	struct history *history;
	uint64_t *values; /* of its series, as they were taken last */
};

/*
 * The borrowed fields are set.  A history that is there already goes on under the new
 * configuration, by the names of sources and endpoints.  0 or -ENOMEM.
 */
int samples_open(struct samples *s, int64_t now_ms, struct err *err) MUST_CHECK;
void samples_close(struct samples *s);

/*
 * Take what is due.  To be called between waiting and whatever comes of it, when nothing has moved
 * since the last turn.
 */
void samples_take(struct samples *s, int64_t now_ms);

struct rates samples_rates(const struct samples *s, size_t series);

#endif
