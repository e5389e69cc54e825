#include "base/finding.h"

#include <stdarg.h>
#include <stdio.h>
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

/* Returns the length of the text that fmt prints up to end, or a negative number. */
static int length_of(const char *fmt, const char *end, va_list args)
{
	scope_free char *part = strndup(fmt, (size_t)(end - fmt));
	return part ? vsnprintf(NULL, 0, part, args) : -1;
}

void finding_tell(const struct teller *to, enum finding_level level, const char *what,
                  const char *fmt, ...)
{
	scope_free char *text = NULL;
	const char *end = strchrnul(fmt, '\n');
	va_list args;
	va_start(args, fmt);
	int len = length_of(fmt, end, args);
	va_end(args);
	va_start(args, fmt);
	int n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0 || len < 0) { /* a finding that cannot be printed must not pass for "ok" */
		text = n < 0 ? NULL : text;
		to->fn(&(struct finding){FINDING_PROBLEM, what, "out of memory", NULL}, to->arg);
		return;
	}
	join_lines(text);
	if (*end)
		text[len] = '\0';
	to->fn(&(struct finding){level, what, text, *end ? text + len + 1 : NULL}, to->arg);
}
