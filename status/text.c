#include "status/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/paint.h"
#include "base/units.h"
#include "base/utf8.h"
#include "status/problems.h"
#include "status/rules.h"

static void text_bytes(FILE *f, uint64_t n)
{
	char text[UNITS_FOR_PEOPLE];
	(void)fputs(units_binary(n, text), f);
}

/* Two units at most: the seconds of a week are of no interest. */
static void text_span(FILE *f, int64_t seconds)
{
	if (seconds < 120)
		(void)fprintf(f, "%" PRId64 " s", seconds);
	else if (seconds < 7200)
		(void)fprintf(f, "%" PRId64 " min", seconds / 60);
	else if (seconds < 172800)
		(void)fprintf(f, "%" PRId64 " h %" PRId64 " min", seconds / 3600,
		              seconds / 60 % 60);
	else
		(void)fprintf(f, "%" PRId64 " days %" PRId64 " h", seconds / 86400,
		              seconds / 3600 % 24);
}

static void text_time(FILE *f, int64_t real_ms)
{
	char when[CLOCK_ISO_SIZE];
	clock_iso(real_ms, when);
	(void)fprintf(f, "%s", when);
}

static void text_clean(FILE *f, const char *text)
{
	char clean[4 * TAIL_ADVICE_SIZE];
	utf8_printable(text, strlen(text), clean, sizeof(clean));
	(void)fprintf(f, "%s", clean);
}

static void text_problems(FILE *f, const struct view *v)
{
	static const char *const marks[] = {
	        [PROBLEM_NOTICE] = "note",
	        [PROBLEM_WARNING] = PAINT_WARNING "PROBLEM" PAINT_END,
	        [PROBLEM_CRITICAL] = PAINT_PROBLEM "PROBLEM" PAINT_END,
	};
	struct problems p;
	problems_find(&p, v, &problems_for_people);
	for (size_t i = 0; i < p.n; i++) {
		const struct problem *at = &p.list[i];
		(void)fprintf(f, "%s: %s%s%s: %s%s%s\n", marks[at->level], at->kind,
		              at->name[0] ? " " : "", at->name, at->text, at->fix ? " -> " : "",
		              at->fix ? at->fix : "");
	}
	if (p.failed)
		(void)fprintf(f, "%s: out of memory: not all of them are shown\n",
		              marks[PROBLEM_CRITICAL]);
	problems_free(&p);
}

static void text_behind(FILE *f, const struct source_view *s)
{
	const struct tail_status *t = &s->tail;
	(void)fprintf(f, ", behind ");
	text_bytes(f, t->behind_bytes);
	if (t->behind_bytes == 0)
		return;
	(void)fprintf(f, " (about %" PRIu64 " record%s, ", s->behind_records,
	              units_s(s->behind_records));
	text_span(f, (int64_t)s->behind_seconds);
	(void)fprintf(f, ") in %zu file%s", t->files_behind, units_s(t->files_behind));
}

static void text_rewritten(FILE *f, const struct source_view *s)
{
	const struct tail_status *t = &s->tail;
	if (t->counters.truncations + t->counters.crashes > 0)
		(void)fprintf(f,
		              "  %" PRIu64 " file%s truncated or rewritten, %" PRIu64
		              " came back shorter after a crash\n",
		              t->counters.truncations, units_s(t->counters.truncations),
		              t->counters.crashes);
}

static void text_source(FILE *f, const struct source_view *s)
{
	const struct tail_status *t = &s->tail;
	(void)fprintf(f, "source %s: ", s->name);
	if (t->file[0]) {
		text_clean(f, t->file);
		(void)fprintf(f, " at %" PRIu64 " of %" PRIu64, t->offset, t->size);
	} else {
		(void)fprintf(f, "no file yet (");
		text_clean(f, s->acct_file);
		(void)fprintf(f, ")");
	}
	text_behind(f, s);
	if (s->last_record_ms != 0) {
		(void)fprintf(f, ", last record of ");
		text_time(f, s->last_record_ms);
	}
	(void)fprintf(f,
	              "\n  rows: %" PRIu64 " read = %" PRIu64 " acknowledged + %" PRIu64
	              " dead letter%s + %" PRIu64 " skipped + %" PRIu64 " ignored + %" PRIu64
	              " in flight\n",
	              t->tally.rows + s->in_flight, t->tally.acked, t->tally.dead,
	              units_s(t->tally.dead), t->tally.skipped, t->tally.ignored, s->in_flight);
	text_rewritten(f, s);
}

static void text_failing(FILE *f, const struct view *v, const struct ship_status *s)
{
	int64_t wait = s->next_probe_ms - v->now_ms;
	(void)fprintf(f, " for ");
	text_span(f, (v->now_ms - s->since_ms) / 1000);
	(void)fprintf(f, " (since ");
	text_time(f, v->real_ms - (v->now_ms - s->since_ms));
	(void)fprintf(f, ")");
	if (s->next_probe_ms != 0) {
		(void)fprintf(f, ", next attempt in ");
		text_span(f, wait > 0 ? (wait + 999) / 1000 : 0);
	}
	if (s->last_error[0]) {
		(void)fprintf(f, ": ");
		text_clean(f, s->last_error); /* it may quote the receiver */
	}
}

static void text_endpoint(FILE *f, const struct view *v, const struct endpoint_view *e)
{
	static const char *const marks[] = {
	        [SHIP_UNCONFIGURED] = PAINT_WARNING, [SHIP_OK] = PAINT_GOOD,
	        [SHIP_RETRYING] = PAINT_WARNING,     [SHIP_HELD] = PAINT_PROBLEM,
	        [SHIP_PAUSED] = PAINT_WARNING,
	};
	const struct ship_status *s = &e->ship;
	(void)fprintf(f, "endpoint %s: ", e->name);
	if (!e->configured && !v->dry_run) {
		(void)fprintf(f, PAINT_WARNING "not configured" PAINT_END
		                               " yet (url is empty): idle, nothing is sent\n");
		return;
	}
	if (!v->running) {
		(void)fprintf(f, PAINT_PROBLEM "unknown" PAINT_END ", because no agent answers\n");
		return;
	}
	(void)fprintf(f, "%s%s" PAINT_END, marks[s->state], ship_state_name(s->state));
	if (s->state != SHIP_OK)
		text_failing(f, v, s);
	if (s->state == SHIP_PAUSED)
		(void)fprintf(f, "; to continue: pmta-shipper resume %s", e->name);
	(void)fprintf(f,
	              "\n  %" PRIu64 " record%s accepted, %" PRIu64 " refused, %" PRIu64
	              " request%s, ",
	              s->meter.accepted_records, units_s(s->meter.accepted_records),
	              s->meter.refused_records, s->meter.requests, units_s(s->meter.requests));
	(void)fprintf(f, "%" PRIu64 " %s; %u in flight (limit %u), %zu record%s waiting\n",
	              s->meter.retries, s->meter.retries == 1 ? "retry" : "retries", s->in_flight,
	              s->limit, s->records, units_s(s->records));
}

static void text_agent(FILE *f, const struct view *v)
{
	if (v->running) {
		(void)fprintf(f, "pmta-shipper %s is running for ", VERSION);
		text_span(f, v->uptime_ms / 1000);
		(void)fprintf(f, " (pid %" PRId64 ")%s\n", v->pid, v->dry_run ? ", dry run" : "");
	} else if (v->unasked) {
		(void)fprintf(f, "pmta-shipper is running; the following is from its store\n");
	} else {
		(void)fprintf(f, "pmta-shipper is not running; the following is from its store\n");
	}
}

static void print_text(FILE *f, const struct view *v)
{
	text_agent(f, v);
	text_problems(f, v);
	for (size_t i = 0; i < v->nsources; i++)
		text_source(f, &v->sources[i]);
	for (size_t i = 0; i < v->nendpoints; i++)
		text_endpoint(f, v, &v->endpoints[i]);
	rules_status_text(f, v->rules);
	if (v->running)
		(void)fprintf(
		        f,
		        "records acknowledged per second: %.1f now, %.1f last minute, %.1f last "
		        "hour\n",
		        v->acked.now, v->acked.minute, v->acked.hour);
	(void)fprintf(f, "dead letters: %" PRId64 " (", v->dead_records);
	text_bytes(f, (uint64_t)v->dead_bytes);
	(void)fprintf(f, ")\n");
	if (v->last_error[0]) {
		(void)fprintf(f, "last error: ");
		text_time(f, v->last_error_ms);
		(void)fprintf(f, " %s\n", v->last_error);
	} else if (v->running) {
		(void)fprintf(f, "last error: none since the start\n");
	}
}

char *status_text(const struct view *v, bool marked)
{
	char *text = view_render(v, print_text);
	if (text && !marked)
		paint_strip(text);
	return text;
}
