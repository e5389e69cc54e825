#include "agent/samples.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/feed.h"
#include "status/counters.h"
#include "status/series.h"

int samples_open(struct samples *s, int64_t now_ms, struct err *err)
{
	struct history *history = NULL;
	size_t n = series_count(s->conf);
	struct history_series *series = calloc(n, sizeof(*series));
	uint64_t *values = calloc(n, sizeof(*values));
	int rc = -ENOMEM;
	if (series && values) {
		series_names(s->conf, series);
		rc = history_open(&history, series, n, now_ms, s->history);
	}
	free(series);
	if (rc < 0) {
		free(values);
		return err_set(err, rc, "set up the history: out of memory");
	}
	free(s->values);
	s->values = values;
	(void)history_close(s->history);
	s->history = history;
	return 0;
}

void samples_close(struct samples *s)
{
	s->history = history_close(s->history);
	free(s->values);
	s->values = NULL;
}

/* levels: the lag is due too, which looks at every file. */
static void take_source(struct samples *s, size_t i, bool levels)
{
	struct tally tally = tailer_tally(s->tailer, i);
	uint64_t *to = &s->values[series_of_source(i, 0)];
	to[SERIES_READ] = tally.rows + feed_rows(&s->feeds[i]);
	to[SERIES_ACKED] = tally.acked;
	if (levels) {
		struct tail_status status;
		tailer_status(s->tailer, i, &status);
		to[SERIES_BEHIND] = status.behind_bytes;
	}
}

static void take_endpoint(struct samples *s, size_t i)
{
	struct ship_status status;
	uint64_t *to = &s->values[series_of_endpoint(s->conf, i, 0)];
	ship_status(s->ship, i, &status);
	const struct ship_meter *m = &status.meter;
	to[SERIES_REQUESTS] = m->requests;
	to[SERIES_ACCEPTED] = m->accepted_records;
	to[SERIES_ENDED] = 0;
	for (size_t k = 0; k < sizeof(m->answers) / sizeof(m->answers[0]); k++)
		to[SERIES_ENDED] += m->answers[k];
	to[SERIES_ELAPSED] = m->elapsed_us;
}

static void take_category(struct samples *s, size_t k)
{
	uint64_t *to = &s->values[series_of_category(s->conf, k)];
	*to = 0;
	for (size_t i = 0; i < s->counters->nsources; i++)
		*to += s->counters->sources[i].by_category[k];
}

/* Once an hour: samples how much disk the sources' files take. */
static void take_disk_growth(struct samples *s, int64_t now_ms)
{
	for (size_t i = 0; i < s->counters->nsources; i++) {
		struct disk_growth *g = &s->counters->sources[i].growth;
		struct tail_status status;
		if (!disk_growth_due(g, now_ms))
			continue;
		tailer_status(s->tailer, i, &status);
		disk_growth_note(g, now_ms, status.disk_bytes);
	}
}

void samples_take(struct samples *s, int64_t now_ms)
{
	bool levels;
	if (history_due(s->history, now_ms, &levels)) {
		for (size_t i = 0; i < s->conf->nsources; i++)
			take_source(s, i, levels);
		for (size_t i = 0; i < s->conf->nendpoints; i++)
			take_endpoint(s, i);
		for (size_t k = 0; k < CATEGORIES; k++)
			take_category(s, k);
		history_take(s->history, now_ms, s->values);
	}
	take_disk_growth(s, now_ms);
}

struct rates samples_rates(const struct samples *s, size_t series)
{
	return (struct rates){history_rate(s->history, series, 10000),
	                      history_rate(s->history, series, 60000),
	                      history_rate(s->history, series, 3600000)};
}
