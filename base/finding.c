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

void finding_tell(const struct teller *to, enum finding_level level, const char *what,
                  const char *fmt, ...)
{
	scope_free char *text = NULL;
	va_list args;
	va_start(args, fmt);
	int n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0) { /* what cannot be said must not pass for good news */
		text = NULL;
		to->fn(&(struct finding){FINDING_PROBLEM, what, "out of memory", NULL}, to->arg);
		return;
	}
	char *mend = strchr(text, '\n');
	if (mend)
		*mend++ = '\0';
	for (size_t i = 0; mend && mend[i]; i++)
		if (mend[i] == '\n')
			mend[i] = ' ';
	to->fn(&(struct finding){level, what, text, mend}, to->arg);
}
