#include "status/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "status/rules.h"

static void json_text(FILE *f, const char *name, const char *text)
{
	char clean[4 * TAIL_ADVICE_SIZE];
	utf8_printable(text, strlen(text), clean, sizeof(clean));
	(void)fprintf(f, "\"%s\":\"", name);
	for (const char *p = clean; *p; p++)
		(void)fprintf(f, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
	(void)fputc('"', f);
}

static void json_number(FILE *f, const char *name, uint64_t n)
{
	(void)fprintf(f, ",\"%s\":%" PRIu64, name, n);
}

/* "" while it is not known. */
static void json_time(FILE *f, const char *name, int64_t real_ms)
{
	char when[CLOCK_ISO_SIZE] = "";
	if (real_ms != 0)
		clock_iso(real_ms, when);
	(void)fprintf(f, ",\"%s\":\"%s\"", name, when);
}

static void json_rates(FILE *f, const char *name, const struct rates *r)
{
	(void)fprintf(f, ",\"%s\":{\"now\":%.3f,\"minute\":%.3f,\"hour\":%.3f}", name, r->now,
	              r->minute, r->hour);
}

static void json_types(FILE *f, const struct source_view *s)
{
	bool first = true;
	(void)fprintf(f, ",\"sentByType\":{");
	for (size_t i = 0; i < RECORD_TYPES; i++) {
		if (s->by_type[i] == 0)
			continue;
		(void)fprintf(f, "%s\"%s\":%" PRIu64, first ? "" : ",", record_type_names[i],
		              s->by_type[i]);
		first = false;
	}
	(void)fputc('}', f);
}

static void json_source(FILE *f, const struct source_view *s)
{
	const struct tail_status *t = &s->tail;
	const struct tally *y = &t->tally;
	(void)fputc('{', f);
	json_text(f, "name", s->name);
	(void)fputc(',', f);
	json_text(f, "acctFile", s->acct_file);
	(void)fputc(',', f);
	json_text(f, "file", t->file);
	json_number(f, "offset", t->offset);
	json_number(f, "size", t->size);
	json_number(f, "behindBytes", t->behind_bytes);
	json_number(f, "recordsBehind", s->behind_records);
	json_number(f, "secondsBehind", s->behind_seconds);
	json_time(f, "lastRecord", s->last_record_ms);
	json_number(f, "filesBehind", t->files_behind);
	json_number(f, "filesOpen", t->files_open);
	json_number(f, "filesKnown", t->files_known);
	json_number(f, "filesUnreadable", t->unreadable);
	(void)fputc(',', f);
	json_text(f, "unreadableFile", t->unreadable_path);
	(void)fputc(',', f);
	json_text(f, "unreadableAdvice", t->unreadable_advice);
	(void)fprintf(
	        f,
	        ",\"rows\":{\"read\":%" PRIu64 ",\"acknowledged\":%" PRIu64 ",\"dead\":%" PRIu64
	        ",\"skipped\":%" PRIu64 ",\"ignored\":%" PRIu64 ",\"inFlight\":%" PRIu64 "}",
	        y->rows + s->in_flight, y->acked, y->dead, y->skipped, y->ignored, s->in_flight);
	json_types(f, s);
	json_rates(f, "readRates", &s->read);
	json_rates(f, "rates", &s->acked);
	json_number(f, "rotations", t->counters.rotations);
	json_number(f, "truncations", t->counters.truncations);
	json_number(f, "crashes", t->counters.crashes);
	json_number(f, "copies", t->counters.copies);
	json_number(f, "goneUnread", t->counters.gone_unread);
	json_time(f, "lastGoneUnread", (int64_t)t->counters.gone_unread_ms);
	json_number(f, "nulBytes", t->counters.nul_bytes);
	json_number(f, "utf8Repaired", s->utf8_repaired);
	json_number(f, "rescans", t->counters.rescans);
	json_number(f, "overflows", t->counters.overflows);
	(void)fputc('}', f);
}

static void json_endpoint(FILE *f, const struct view *v, const struct endpoint_view *e)
{
	const struct ship_status *s = &e->ship;
	int64_t wait = s->next_probe_ms - v->now_ms;
	(void)fputc('{', f);
	json_text(f, "name", e->name);
	(void)fputc(',', f);
	json_text(f, "state",
	          v->running      ? ship_state_name(s->state)
	          : e->configured ? "unknown"
	                          : ship_state_name(SHIP_UNCONFIGURED));
	(void)fputc(',', f);
	json_text(f, "lastError", s->last_error);
	json_number(f, "stateSeconds", v->running ? (uint64_t)(v->now_ms - s->since_ms) / 1000 : 0);
	json_number(f, "nextAttemptMs", wait > 0 && v->running ? (uint64_t)wait : 0);
	json_number(f, "inFlight", s->in_flight);
	json_number(f, "inFlightLimit", s->limit);
	json_number(f, "recordsWaiting", s->records);
	json_number(f, "recordsAccepted", s->meter.accepted_records);
	json_number(f, "recordsRefused", s->meter.refused_records);
	json_number(f, "requests", s->meter.requests);
	json_number(f, "retries", s->meter.retries);
	json_rates(f, "rates", &e->accepted);
	(void)fprintf(f, ",\"answers\":{\"none\":%" PRIu64, s->meter.answers[0]);
	for (int i = 2; i < 6; i++)
		(void)fprintf(f, ",\"%dxx\":%" PRIu64, i, s->meter.answers[i]);
	(void)fprintf(f, "}}");
}

static void print_json(FILE *f, const struct view *v)
{
	(void)fprintf(f, "{\"version\":\"%s\",\"running\":%s", VERSION,
	              v->running ? "true" : "false");
	json_number(f, "pid", (uint64_t)v->pid);
	json_number(f, "uptimeSeconds", (uint64_t)v->uptime_ms / 1000);
	(void)fprintf(f, ",\"dryRun\":%s,\"storeWritable\":%s", v->dry_run ? "true" : "false",
	              v->degraded ? "false" : "true");
	json_number(f, "problems", view_problems(v));
	json_rates(f, "readRates", &v->read);
	json_rates(f, "rates", &v->acked);
	(void)fputc(',', f);
	json_text(f, "lastError", v->last_error);
	json_time(f, "lastErrorTime", v->last_error_ms);
	(void)fprintf(f, ",\"sources\":[");
	for (size_t i = 0; i < v->nsources; i++) {
		(void)fputs(i ? "," : "", f);
		json_source(f, &v->sources[i]);
	}
	(void)fprintf(f, "],\"endpoints\":[");
	for (size_t i = 0; i < v->nendpoints; i++) {
		(void)fputs(i ? "," : "", f);
		json_endpoint(f, v, &v->endpoints[i]);
	}
	(void)fprintf(f, "],");
	rules_status_json(f, v->rules);
	(void)fprintf(f,
	              ",\"deadLetters\":{\"records\":%" PRId64 ",\"bytes\":%" PRId64
	              ",\"full\":%s}}\n",
	              v->dead_records, v->dead_bytes, v->dead_full ? "true" : "false");
}

char *status_json(const struct view *v)
{
	return view_render(v, print_json);
}
