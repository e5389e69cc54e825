/* What was counted goes on when lanes, tailer and ship are opened anew: see counts.h. */
#include <errno.h>

#include "agent/agent.h"

int carry_on(struct agent *a, struct err *err)
{
	struct counters *counts;
	if (counters_open(&counts, a->conf, a->counts) < 0)
		return err_set(err, -ENOMEM, "set up counters: out of memory");
	(void)counters_close(a->counts);
	a->counts = counts;
	for (size_t i = 0; i < counts->nsources; i++) {
		struct tail_status s;
		tailer_status(a->tailer, i, &s);
		counters_tail_open(&counts->sources[i], &s.counters);
	}
	for (size_t i = 0; i < counts->nendpoints; i++)
		ship_set_meter(a->ship, i, &counts->endpoints[i].meter);
	return 0;
}

/* A reload that failed half-way leaves counts of another configuration: the agent ends. */
static size_t at_most(size_t n, size_t configured)
{
	return n < configured ? n : configured;
}

void carry_ship(struct agent *a)
{
	size_t n = a->ship && a->counts ? at_most(a->counts->nendpoints, a->conf->nendpoints) : 0;
	for (size_t i = 0; i < n; i++) {
		struct ship_status s;
		ship_status(a->ship, i, &s);
		a->counts->endpoints[i].meter = s.meter;
	}
}

void carry_tailer(struct agent *a)
{
	size_t n = a->tailer && a->counts ? at_most(a->counts->nsources, a->conf->nsources) : 0;
	for (size_t i = 0; i < n; i++) {
		struct tail_status s;
		tailer_status(a->tailer, i, &s);
		counters_tail_close(&a->counts->sources[i], &s.counters);
	}
}

void carry_growth(struct agent *a)
{
	for (size_t i = 0; i < a->counts->nsources; i++) {
		struct disk_growth *g = &a->counts->sources[i].growth;
		struct tail_status s;
		if (!disk_growth_due(g, a->now_ms))
			continue;
		tailer_status(a->tailer, i, &s);
		disk_growth_note(g, a->now_ms, s.disk_bytes);
	}
}
