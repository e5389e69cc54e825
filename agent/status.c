/* A view as text for people and as JSON for programs.  The JSON's names are stable:
 * pmta-shipper(8). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/verdict.h"
#include "base/utf8.h"

/* ---- text ---- */

static void text_bytes(FILE *f, uint64_t n)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)n;
	size_t unit = 0;
	while (value >= 1024 && unit < 4) {
		value /= 1024;
		unit++;
	}
	(void)fprintf(f, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

static void text_source(FILE *f, const struct source_view *s)
{
	const struct tail_status *t = &s->tail;
	char name[512];
	utf8_printable(t->file, strlen(t->file), name, sizeof(name));
	(void)fprintf(f, "source %s: ", s->name);
	if (name[0])
		(void)fprintf(f, "%s at %" PRIu64 " of %" PRIu64, name, t->offset, t->size);
	else
		(void)fprintf(f, "no file yet (%s)", s->acct_file);
	(void)fprintf(f, ", behind ");
	text_bytes(f, t->behind_bytes);
	(void)fprintf(f, " in %zu files\n", t->files_behind);
	(void)fprintf(f,
	              "  rows: %" PRIu64 " read = %" PRIu64 " acknowledged + %" PRIu64
	              " dead letters + %" PRIu64 " skipped + %" PRIu64 " ignored + %" PRIu64
	              " in flight\n",
	              t->tally.rows + s->in_flight, t->tally.acked, t->tally.dead, t->tally.skipped,
	              t->tally.ignored, s->in_flight);
	if (t->unreadable > 0)
		(void)fprintf(f,
		              "  PROBLEM: %zu files cannot be read; see the log for their names\n",
		              t->unreadable);
	if (t->counters.gone_unread > 0)
		(void)fprintf(f, "  PROBLEM: %" PRIu64 " files were gone before they were read\n",
		              t->counters.gone_unread);
	if (t->counters.truncations + t->counters.crashes > 0)
		(void)fprintf(f,
		              "  %" PRIu64 " files truncated or rewritten, %" PRIu64
		              " came back shorter after a crash\n",
		              t->counters.truncations, t->counters.crashes);
}

static void text_endpoint(FILE *f, const struct view *v, const struct endpoint_view *e)
{
	const struct ship_status *s = &e->ship;
	(void)fprintf(f, "endpoint %s: ", e->name);
	if (!e->configured && !v->dry_run) {
		(void)fprintf(f, "not configured yet (url is empty): idle, nothing is sent\n");
		return;
	}
	if (!v->running) {
		(void)fprintf(f, "unknown, for no agent could be asked\n");
		return;
	}
	int64_t wait = s->next_probe_ms - v->now_ms;
	char error[4 * sizeof(s->last_error)]; /* in the backend's words, perhaps */
	utf8_printable(s->last_error, strlen(s->last_error), error, sizeof(error));
	(void)fprintf(f, "%s", ship_state_name(s->state));
	if (s->state != SHIP_OK)
		(void)fprintf(f, " for %" PRId64 " s, next attempt in %" PRId64 " s: %s",
		              (v->now_ms - s->since_ms) / 1000, wait > 0 ? (wait + 999) / 1000 : 0,
		              error);
	(void)fprintf(f,
	              "\n  %" PRIu64 " records accepted, %" PRIu64 " refused, %" PRIu64
	              " requests, %" PRIu64 " retries; %u in flight (limit %u), %zu records wait\n",
	              s->accepted_records, s->refused_records, s->sent_requests, s->retries,
	              s->in_flight, s->limit, s->records);
}

static void print_text(FILE *f, const struct view *v)
{
	if (v->running)
		(void)fprintf(f,
		              "pmta-shipper %s is running for %" PRId64 " s (pid %" PRId64 ")%s\n",
		              VERSION, v->uptime_ms / 1000, v->pid, v->dry_run ? ", dry run" : "");
	else
		(void)fprintf(f, "%s; this is what its store says\n",
		              v->unasked
		                      ? "PROBLEM: pmta-shipper is running but cannot be asked (see "
		                        "runtime-dir, and who may use DIR/control)"
		                      : "pmta-shipper is not running");
	for (size_t i = 0; i < v->nsources; i++)
		text_source(f, &v->sources[i]);
	for (size_t i = 0; i < v->nendpoints; i++)
		text_endpoint(f, v, &v->endpoints[i]);
	rules_status_text(f, v->rules);
	(void)fprintf(f, "dead letters: %" PRId64 " (", v->dead_records);
	text_bytes(f, (uint64_t)v->dead_bytes);
	(void)fprintf(f, ")%s\n",
	              v->dead_full ? "; PROBLEM: the limit is reached, reading stops" : "");
	if (v->degraded)
		(void)fprintf(f, "PROBLEM: the store cannot be written; nothing new is sent\n");
}

/* ---- JSON ---- */

static void json_text(FILE *f, const char *name, const char *text)
{
	char clean[1024];
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

static void json_types(FILE *f, const struct source_view *s)
{
	static const char *const names[] = {"d", "b", "t", "tq", "r", "f", "rb", "rs", "other"};
	bool first = true;
	(void)fprintf(f, ",\"sentByType\":{");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (s->by_type[i] == 0)
			continue;
		(void)fprintf(f, "%s\"%s\":%" PRIu64, first ? "" : ",", names[i], s->by_type[i]);
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
	json_number(f, "filesBehind", t->files_behind);
	json_number(f, "filesOpen", t->files_open);
	json_number(f, "filesKnown", t->files_known);
	json_number(f, "filesUnreadable", t->unreadable);
	(void)fprintf(
	        f,
	        ",\"rows\":{\"read\":%" PRIu64 ",\"acknowledged\":%" PRIu64 ",\"dead\":%" PRIu64
	        ",\"skipped\":%" PRIu64 ",\"ignored\":%" PRIu64 ",\"inFlight\":%" PRIu64 "}",
	        y->rows + s->in_flight, y->acked, y->dead, y->skipped, y->ignored, s->in_flight);
	json_types(f, s);
	json_number(f, "rotations", t->counters.rotations);
	json_number(f, "truncations", t->counters.truncations);
	json_number(f, "crashes", t->counters.crashes);
	json_number(f, "copies", t->counters.copies);
	json_number(f, "goneUnread", t->counters.gone_unread);
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
	json_number(f, "recordsAccepted", s->accepted_records);
	json_number(f, "recordsRefused", s->refused_records);
	json_number(f, "requests", s->sent_requests);
	json_number(f, "retries", s->retries);
	(void)fprintf(f, ",\"answers\":{\"none\":%" PRIu64, s->answers[0]);
	for (int i = 2; i < 6; i++)
		(void)fprintf(f, ",\"%dxx\":%" PRIu64, i, s->answers[i]);
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

static char *render(const struct view *v, void (*print)(FILE *, const struct view *))
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	if (!f)
		return NULL;
	print(f, v);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

char *status_text(const struct view *v)
{
	return render(v, print_text);
}

char *status_json(const struct view *v)
{
	return render(v, print_json);
}
