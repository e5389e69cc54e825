#include "status/json.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/utf8.h"
#include "status/problems.h"
#include "status/rules.h"

/* Text without control characters, as people see it. */
static void text(struct json_writer *w, const char *name, const char *value)
{
	char clean[4 * TAIL_ADVICE_SIZE];
	utf8_printable(value, strlen(value), clean, sizeof(clean));
	json_string(w, name, clean);
}

/* "" while the time is not known. */
static void when(struct json_writer *w, const char *name, int64_t real_ms)
{
	char iso[CLOCK_ISO_SIZE] = "";
	if (real_ms != 0)
		clock_iso(real_ms, iso);
	json_string(w, name, iso);
}

static void rates(struct json_writer *w, const char *name, const struct rates *r)
{
	json_open(w, name, '{');
	json_decimal(w, "now", r->now, 3);
	json_decimal(w, "minute", r->minute, 3);
	json_decimal(w, "hour", r->hour, 3);
	json_close(w, '}');
}

static void rows(struct json_writer *w, const struct source_view *s)
{
	const struct tally *y = &s->tail.tally;
	json_open(w, "rows", '{');
	json_count(w, "read", y->rows + s->in_flight);
	json_count(w, "acknowledged", y->acked);
	json_count(w, "dead", y->dead);
	json_count(w, "skipped", y->skipped);
	json_count(w, "ignored", y->ignored);
	json_count(w, "inFlight", s->in_flight);
	json_close(w, '}');
}

static void types(struct json_writer *w, const struct source_view *s)
{
	json_open(w, "sentByType", '{');
	for (size_t i = 0; i < RECORD_TYPES; i++) {
		if (s->by_type[i] > 0)
			json_count(w, record_type_names[i], s->by_type[i]);
	}
	json_close(w, '}');
}

static void source(struct json_writer *w, const struct source_view *s)
{
	const struct tail_status *t = &s->tail;
	json_open(w, NULL, '{');
	text(w, "name", s->name);
	text(w, "acctFile", s->acct_file);
	text(w, "file", t->file);
	json_count(w, "offset", t->offset);
	json_count(w, "size", t->size);
	json_count(w, "behindBytes", t->behind_bytes);
	json_count(w, "recordsBehind", s->behind_records);
	json_count(w, "secondsBehind", s->behind_seconds);
	when(w, "lastRecord", s->last_record_ms);
	json_count(w, "filesBehind", t->files_behind);
	json_count(w, "filesOpen", t->files_open);
	json_count(w, "filesKnown", t->files_known);
	json_count(w, "filesUnreadable", t->unreadable);
	json_count(w, "filesBeside", besides_count(t->besides));
	text(w, "unreadableFile", t->unreadable_path);
	text(w, "unreadableAdvice", t->unreadable_advice);
	rows(w, s);
	types(w, s);
	rates(w, "readRates", &s->read);
	rates(w, "rates", &s->acked);
	json_count(w, "rotations", t->counters.rotations);
	json_count(w, "truncations", t->counters.truncations);
	json_count(w, "crashes", t->counters.crashes);
	json_count(w, "copies", t->counters.copies);
	json_count(w, "goneUnread", t->counters.gone_unread);
	when(w, "lastGoneUnread", (int64_t)t->counters.gone_unread_ms);
	json_count(w, "nulBytes", t->counters.nul_bytes);
	json_count(w, "utf8Repaired", s->utf8_repaired);
	json_count(w, "rescans", t->counters.rescans);
	json_count(w, "overflows", t->counters.overflows);
	json_close(w, '}');
}

static void answers(struct json_writer *w, const struct ship_status *s)
{
	static const char *const names[] = {"none", NULL, "2xx", "3xx", "4xx", "5xx"};
	json_open(w, "answers", '{');
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i])
			json_count(w, names[i], s->meter.answers[i]);
	}
	json_close(w, '}');
}

static void endpoint(struct json_writer *w, const struct view *v, const struct endpoint_view *e)
{
	const struct ship_status *s = &e->ship;
	int64_t wait = s->next_probe_ms - v->now_ms;
	json_open(w, NULL, '{');
	text(w, "name", e->name);
	text(w, "state",
	     v->running      ? ship_state_name(s->state)
	     : e->configured ? "unknown"
	                     : ship_state_name(SHIP_UNCONFIGURED));
	text(w, "lastError", s->last_error);
	json_count(w, "stateSeconds", v->running ? (uint64_t)(v->now_ms - s->since_ms) / 1000 : 0);
	json_count(w, "nextAttemptMs", wait > 0 && v->running ? (uint64_t)wait : 0);
	json_count(w, "inFlight", s->in_flight);
	json_count(w, "inFlightLimit", s->limit);
	json_count(w, "recordsWaiting", s->records);
	json_count(w, "recordsAccepted", s->meter.accepted_records);
	json_count(w, "recordsRefused", s->meter.refused_records);
	json_count(w, "requests", s->meter.requests);
	json_count(w, "retries", s->meter.retries);
	rates(w, "rates", &e->accepted);
	answers(w, s);
	json_close(w, '}');
}

/* The number has been published before the list. */
static void problems(struct json_writer *w, const struct view *v)
{
	struct problems p;
	problems_find(&p, v, &problems_for_people);
	json_count(w, "problems", problems_grave(&p));
	json_open(w, "attention", '[');
	for (size_t i = 0; i < p.n; i++) {
		const struct problem *at = &p.list[i];
		json_open(w, NULL, '{');
		json_string(w, "level", problem_level_name(at->level));
		json_string(w, "kind", at->kind);
		json_string(w, "name", at->name);
		json_string(w, "text", at->text);
		json_string(w, "fix", at->fix ? at->fix : "");
		json_close(w, '}');
	}
	json_close(w, ']');
	problems_free(&p);
}

static void print_json(FILE *f, const struct view *v)
{
	struct json_writer w = {.out = f};
	json_open(&w, NULL, '{');
	json_string(&w, "version", VERSION);
	json_bool(&w, "running", v->running);
	json_count(&w, "pid", (uint64_t)v->pid);
	json_count(&w, "uptimeSeconds", (uint64_t)v->uptime_ms / 1000);
	json_bool(&w, "dryRun", v->dry_run);
	json_bool(&w, "storeWritable", !v->degraded);
	problems(&w, v);
	rates(&w, "readRates", &v->read);
	rates(&w, "rates", &v->acked);
	text(&w, "lastError", v->last_error);
	when(&w, "lastErrorTime", v->last_error_ms);
	json_open(&w, "sources", '[');
	for (size_t i = 0; i < v->nsources; i++)
		source(&w, &v->sources[i]);
	json_close(&w, ']');
	json_open(&w, "endpoints", '[');
	for (size_t i = 0; i < v->nendpoints; i++)
		endpoint(&w, v, &v->endpoints[i]);
	json_close(&w, ']');
	rules_status_json(&w, v->rules);
	json_open(&w, "deadLetters", '{');
	json_number(&w, "records", v->dead_records);
	json_number(&w, "bytes", v->dead_bytes);
	json_bool(&w, "full", v->dead_full);
	json_close(&w, '}');
	json_close(&w, '}');
	(void)fputc('\n', f);
}

char *status_json(const struct view *v)
{
	return view_render(v, print_json);
}
