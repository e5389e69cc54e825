#include "status/nagios.h"

#include <inttypes.h>

#include "base/text.h"
#include "status/problems.h"

/* A bar separates the text from the performance data, so the text must not contain one. */
static void put_words(FILE *f, const char *text)
{
	for (; *text; text++)
		(void)fputc(*text == '|' ? '/' : *text, f);
}

static void put_problems(FILE *f, const struct problems *p)
{
	if (p->failed)
		(void)fputs(p->n > 0 ? "out of memory; " : "out of memory", f);
	else if (p->n == 0)
		(void)fputs("running, nothing needs attention", f);
	for (size_t i = 0; i < p->n; i++) {
		const struct problem *at = &p->list[i];
		(void)fprintf(f, "%s%s%s", i > 0 ? "; " : "", at->name, at->name[0] ? ": " : "");
		put_words(f, at->text);
	}
}

static enum nagios verdict(const struct problems *p)
{
	static const enum nagios verdicts[] = {
	        [PROBLEM_NOTICE] = NAGIOS_OK,
	        [PROBLEM_WARNING] = NAGIOS_WARNING,
	        [PROBLEM_CRITICAL] = NAGIOS_CRITICAL,
	};
	if (p->failed)
		return NAGIOS_UNKNOWN;
	return p->n > 0 ? verdicts[p->list[0].level] : NAGIOS_OK;
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
	const struct problem_limits asked = {limits->warn_ms, limits->crit_ms, true};
	struct problems p;
	struct text line;
	FILE *out = text_begin(&line);
	if (!out)
		return NULL;
	problems_find(&p, v, &asked);
	*ret_exit = verdict(&p);
	(void)fprintf(out, "PMTA-SHIPPER %s: ", names[*ret_exit]);
	put_problems(out, &p);
	put_data(out, v, limits);
	problems_free(&p);
	return text_end(&line);
}
