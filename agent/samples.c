/* What the history of a running agent is made of: taken when the loop turns anyway. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/agent.h"

size_t series_of_source(size_t source, enum series_source what)
{
	return source * SERIES_A_SOURCE + what;
}

size_t series_of_endpoint(const struct agent *a, size_t endpoint, enum series_endpoint what)
{
	return a->conf->nsources * SERIES_A_SOURCE + endpoint * SERIES_AN_ENDPOINT + what;
}

size_t series_of_category(const struct agent *a, size_t category)
{
	return series_of_endpoint(a, a->conf->nendpoints, 0) + category;
}

static void name_series(const struct agent *a, struct history_series *ret)
{
	static const struct {
		const char *name;
		enum history_kind kind;
	} of_source[] = {[SERIES_READ] = {"read", HISTORY_TOTAL},
	                 [SERIES_ACKED] = {"acknowledged", HISTORY_TOTAL},
	                 [SERIES_BEHIND] = {"behind", HISTORY_LEVEL}},
	  of_endpoint[] = {[SERIES_REQUESTS] = {"requests", HISTORY_COUNTER},
	                   [SERIES_ACCEPTED] = {"accepted", HISTORY_COUNTER},
	                   [SERIES_ENDED] = {"ended", HISTORY_COUNTER},
	                   [SERIES_ELAPSED] = {"elapsed", HISTORY_COUNTER}};
	for (size_t i = 0; i < a->conf->nsources; i++) {
		for (unsigned w = 0; w < SERIES_A_SOURCE; w++, ret++) {
			(void)snprintf(ret->name, sizeof(ret->name), "source %s %s",
			               a->conf->sources[i].name, of_source[w].name);
			ret->kind = of_source[w].kind;
		}
	}
	for (size_t i = 0; i < a->conf->nendpoints; i++) {
		for (unsigned w = 0; w < SERIES_AN_ENDPOINT; w++, ret++) {
			(void)snprintf(ret->name, sizeof(ret->name), "endpoint %s %s",
			               a->conf->endpoints[i].name, of_endpoint[w].name);
			ret->kind = of_endpoint[w].kind;
		}
	}
	for (size_t i = 0; i < CATEGORIES; i++, ret++) {
		(void)snprintf(ret->name, sizeof(ret->name), "category %s", category_names[i]);
		ret->kind = HISTORY_TOTAL; /* of all sources: one that is configured away takes
		                              its part along */
	}
}

int samples_open(struct agent *a, struct err *err)
{
	struct history *history = NULL;
	size_t n = series_of_category(a, CATEGORIES);
	struct history_series *series = calloc(n, sizeof(*series));
	uint64_t *values = calloc(n, sizeof(*values));
	int rc = -ENOMEM;
	if (series && values) {
		name_series(a, series);
		rc = history_open(&history, series, n, a->now_ms, a->history);
	}
	free(series);
	if (rc < 0) {
		free(values);
		return err_set(err, rc, "set up the history: out of memory");
	}
	free(a->sampled);
	a->sampled = values;
	(void)history_close(a->history);
	a->history = history;
	return 0;
}

void samples_close(struct agent *a)
{
	a->history = history_close(a->history);
	free(a->sampled);
	a->sampled = NULL;
}

void samples_take(struct agent *a)
{
	bool levels;
	if (!history_due(a->history, a->now_ms, &levels))
		return;
	for (size_t i = 0; i < a->conf->nsources; i++) {
		const struct feed *l = &a->feeds[i];
		struct tally tally = tailer_tally(a->tailer, i);
		uint64_t *to = &a->sampled[series_of_source(i, 0)];
		to[SERIES_READ] = tally.rows + l->in_flight + l->passed.rows;
		to[SERIES_ACKED] = tally.acked;
		if (levels) { /* which takes a look at every file */
			struct tail_status s;
			tailer_status(a->tailer, i, &s);
			to[SERIES_BEHIND] = s.behind_bytes;
		}
	}
	for (size_t i = 0; i < a->conf->nendpoints; i++) {
		struct ship_status s;
		uint64_t *to = &a->sampled[series_of_endpoint(a, i, 0)];
		ship_status(a->ship, i, &s);
		to[SERIES_REQUESTS] = s.meter.requests;
		to[SERIES_ACCEPTED] = s.meter.accepted_records;
		to[SERIES_ENDED] = 0;
		for (size_t k = 0; k < sizeof(s.meter.answers) / sizeof(s.meter.answers[0]); k++)
			to[SERIES_ENDED] += s.meter.answers[k];
		to[SERIES_ELAPSED] = s.meter.elapsed_us;
	}
	for (size_t k = 0; k < CATEGORIES; k++) {
		uint64_t *to = &a->sampled[series_of_category(a, k)];
		*to = 0;
		for (size_t i = 0; i < a->counts->nsources; i++)
			*to += a->counts->sources[i].by_category[k];
	}
	history_take(a->history, a->now_ms, a->sampled);
}

struct rates samples_rates(const struct agent *a, size_t series)
{
	return (struct rates){history_rate(a->history, series, 10000),
	                      history_rate(a->history, series, 60000),
	                      history_rate(a->history, series, 3600000)};
}
