#include "status/nagios.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "base/text.h"
#include "base/units.h"
#include "base/utf8.h"

struct findings {
	enum nagios worst;
	FILE *words;
	bool any;
};

/* A bar separates the text from the performance data, so the text must not contain one. */
static void put_words(FILE *f, const char *text)
{
	for (; *text; text++)
		(void)fputc(*text == '|' ? '/' : *text, f);
}

static void find(struct findings *f, enum nagios how, const char *fmt, ...) ERR_PRINTF(3, 4);
static void find(struct findings *f, enum nagios how, const char *fmt, ...)
{
	char text[1024], clean[2048];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	utf8_printable(text, strlen(text), clean, sizeof(clean));
	if (f->any)
		(void)fputs("; ", f->words);
	put_words(f->words, clean);
	f->any = true;
	if (how > f->worst)
		f->worst = how;
}

static void judge_source(struct findings *f, const struct view *v, const struct source_view *s,
                         const struct nagios_limits *limits)
{
	const struct tail_status *t = &s->tail;
	uint64_t behind_ms = s->behind_seconds * 1000;
	if (t->unreadable > 0)
		find(f, NAGIOS_CRITICAL, "%s: %s cannot be read: %s", s->name, t->unreadable_path,
		     t->unreadable_advice);
	if (t->behind_bytes > 0 && behind_ms >= limits->warn_ms)
		find(f, behind_ms >= limits->crit_ms ? NAGIOS_CRITICAL : NAGIOS_WARNING,
		     "%s: %" PRIu64 " s behind, about %" PRIu64 " record%s", s->name,
		     s->behind_seconds, s->behind_records, units_s(s->behind_records));
	if (view_lost(v, s))
		find(f, NAGIOS_WARNING, "%s: %" PRIu64 " file%s read", s->name,
		     t->counters.gone_unread,
		     t->counters.gone_unread == 1 ? " was deleted before it was"
		                                  : "s were deleted before they were");
}

static void judge_endpoint(struct findings *f, const struct view *v, const struct endpoint_view *e,
                           const struct nagios_limits *limits)
{
	const struct ship_status *s = &e->ship;
	int64_t for_ms = v->now_ms - s->since_ms;
	if (!e->configured && !v->dry_run)
		find(f, NAGIOS_WARNING, "%s: not configured yet (url is empty)", e->name);
	else if (!v->running)
		return;
	else if (s->state == SHIP_HELD)
		find(f, NAGIOS_CRITICAL, "%s: held for %" PRId64 " s: %s", e->name, for_ms / 1000,
		     s->last_error);
	else if (s->state == SHIP_PAUSED)
		find(f, NAGIOS_WARNING, "%s: paused", e->name);
	/* An occasional retry is normal. */
	else if (s->state == SHIP_RETRYING && for_ms >= (int64_t)limits->warn_ms)
		find(f, for_ms >= (int64_t)limits->crit_ms ? NAGIOS_CRITICAL : NAGIOS_WARNING,
		     "%s: retrying for %" PRId64 " s: %s", e->name, for_ms / 1000, s->last_error);
}

static void judge(struct findings *f, const struct view *v, const struct nagios_limits *limits)
{
	if (!v->running && v->unasked)
		find(f, NAGIOS_CRITICAL, "running, but does not answer this command");
	else if (!v->running)
		find(f, NAGIOS_CRITICAL, "not running");
	if (v->degraded)
		find(f, NAGIOS_CRITICAL, "the store cannot be written: nothing new is sent");
	if (v->dead_full)
		find(f, NAGIOS_CRITICAL, "the limit of dead letters is reached: reading stops");
	for (size_t i = 0; i < v->nsources; i++)
		judge_source(f, v, &v->sources[i], limits);
	for (size_t i = 0; i < v->nendpoints; i++)
		judge_endpoint(f, v, &v->endpoints[i], limits);
}

static void put_data(FILE *f, const struct view *v, const struct nagios_limits *limits)
{
	uint64_t behind = 0, bytes = 0, records = 0, acked = 0;
	for (size_t i = 0; i < v->nsources; i++) {
		const struct source_view *s = &v->sources[i];
		if (s->behind_seconds > behind)
			behind = s->behind_seconds;
		bytes += s->tail.behind_bytes;
		records += s->behind_records;
		acked += s->tail.tally.acked;
	}
	(void)fprintf(f, " | behind=%" PRIu64 "s;%.15g;%.15g;0", behind,
	              (double)limits->warn_ms / 1000, (double)limits->crit_ms / 1000);
	(void)fprintf(f, " behind_bytes=%" PRIu64 "B;;;0 behind_records=%" PRIu64 ";;;0", bytes,
	              records);
	(void)fprintf(f, " rate=%.3f;;;0 acknowledged=%" PRIu64 "c dead_letters=%" PRId64 ";;;0\n",
	              v->acked.minute, acked, v->dead_records);
}

char *nagios_line(const struct view *v, const struct nagios_limits *limits, enum nagios *ret_exit)
{
	static const char *const names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
	struct findings f = {0};
	struct text found, line;
	f.words = text_begin(&found);
	if (f.words)
		judge(&f, v, limits);
	scope_free char *words = text_end(&found);
	FILE *out = words ? text_begin(&line) : NULL;
	if (!out)
		return NULL;
	(void)fprintf(out, "PMTA-SHIPPER %s: %s", names[f.worst],
	              f.any ? words : "running, nothing needs attention");
	put_data(out, v, limits);
	*ret_exit = f.worst;
	return text_end(&line);
}
