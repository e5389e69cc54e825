#include "base/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"

const char *finding_level_name(enum finding_level level)
{
	static const char *const names[] = {"ok", "info", "warning", "problem"};
	return names[level];
}

static void join_lines(char *text)
{
	for (; *text; text++)
		if (*text == '\n')
			*text = ' ';
}

/* f has everything but its text. */
static void report(const struct teller *to, struct finding *f, const char *fmt, va_list args)
{
	scope_free char *text = NULL;
	scope_free char *fix = f->fix && *f->fix ? strdup(f->fix) : NULL;
	if (vasprintf(&text, fmt, args) < 0 || (f->fix && *f->fix && !fix)) {
		/* A finding that cannot be printed must not pass for "ok". */
		to->fn(&(struct finding){.level = FINDING_PROBLEM,
		                         .what = f->what,
		                         .text = "out of memory"},
		       to->arg);
		return;
	}
	join_lines(text);
	if (fix)
		join_lines(fix);
	f->text = text;
	f->fix = fix;
	to->fn(f, to->arg);
}

void finding_tell(const struct teller *to, enum finding_level level, const char *what,
                  const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	report(to, &(struct finding){.level = level, .what = what}, fmt, args);
	va_end(args);
}

void finding_fix(const struct teller *to, enum finding_level level, const char *what,
                 const char *fix, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	report(to, &(struct finding){.level = level, .what = what, .fix = fix}, fmt, args);
	va_end(args);
}

void finding_paste(const struct teller *to, enum finding_level level, const char *what,
                   const char *fix, const char *paste, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	report(to,
	       &(struct finding){.level = level,
	                         .what = what,
	                         .fix = fix,
	                         .paste = paste && *paste ? paste : NULL},
	       fmt, args);
	va_end(args);
}

void finding_unchecked(const struct teller *to, enum finding_level level, const char *what,
                       const char *fix, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	report(to, &(struct finding){.level = level, .unchecked = true, .what = what, .fix = fix},
	       fmt, args);
	va_end(args);
}
