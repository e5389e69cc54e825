#include "agent/snapshot.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/impl.h"
#include "status/series.h"

static void add_rates(struct rates *to, const struct rates *what)
{
	to->now += what->now;
	to->minute += what->minute;
	to->hour += what->hour;
}

static void take_source(struct source_view *s, const struct agent *a, size_t i)
{
	const struct feed *f = &a->feeds[i];
	tailer_status(a->tailer, i, &s->tail);
	view_name_file(s, s->tail.file);
	view_name_rejected(s, s->tail.rejected_file);
	view_name_unreadable(s, s->tail.unreadable_path, s->tail.unreadable_advice);
	view_take_besides(s, s->tail.besides);
	s->in_flight = feed_rows(f);
	s->utf8_repaired = f->counters->utf8_repaired;
	memcpy(s->by_type, f->counters->by_type, sizeof(s->by_type));
	lag_view(s, &a->lags[i], a->now_ms);
	s->read = samples_rates(&a->samples, series_of_source(i, SERIES_READ));
	s->acked = samples_rates(&a->samples, series_of_source(i, SERIES_ACKED));
}

int snapshot_take(struct view *v, const struct agent *a)
{
	int rc = view_new(v, a->conf);
	if (rc < 0)
		return rc;
	v->running = true;
	v->degraded = a->commit.degraded;
	v->dry_run = a->options.dry_run;
	v->dead_full = a->commit.dead_full;
	v->reload_failed = a->reload.failed;
	v->stopping = a->stopping;
	v->counters = a->counters;
	v->rules = a->rules;
	v->pid = getpid();
	v->last_error_ms = log_last(v->last_error, sizeof(v->last_error));
	v->now_ms = a->now_ms;
	v->uptime_ms = a->now_ms - a->started_ms;
	v->started_real_ms = a->started_real_ms;
	v->loaded_real_ms = a->reload.loaded_real_ms;
	(void)snprintf(v->left_behind, sizeof(v->left_behind), "%s", a->left.text);
	v->dead_records = a->commit.dead_records;
	v->dead_bytes = a->commit.dead_bytes;
	v->dead_newest_ms = a->commit.dead_newest_ms;
	for (size_t i = 0; i < v->nsources; i++) {
		take_source(&v->sources[i], a, i);
		add_rates(&v->read, &v->sources[i].read);
		add_rates(&v->acked, &v->sources[i].acked);
	}
	for (size_t i = 0; i < v->nendpoints; i++) {
		struct endpoint_view *e = &v->endpoints[i];
		ship_status(a->ship, i, &e->ship);
		e->accepted = samples_rates(&a->samples,
		                            series_of_endpoint(a->conf, i, SERIES_ACCEPTED));
	}
	return 0;
}
