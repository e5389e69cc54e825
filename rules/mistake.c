/* Reports a mistake in a rules file with its line. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "rules/impl.h"

int parse_mistake(struct parse *p, const char *fmt, ...)
{
	char what[768], text[1024], path[512], line[1600];
	const char *name = p->rules->files[p->file].path;
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	utf8_printable(what, strlen(what), text, sizeof(text));
	utf8_printable(name, strlen(name), path, sizeof(path));
	(void)snprintf(line, sizeof(line), "%s:%u: %s", path, p->line, text);
	p->failed = true;
	p->mistake(&(struct file_mistake){.line = line, .what = text}, p->arg);
	return -EINVAL;
}
