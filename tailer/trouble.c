/* Lines for the log, and the first trouble of each source. */
#include <stdarg.h>
#include <stdio.h>

#include "tailer/impl.h"

void tail_note(struct tailer *t, enum tail_level level, const char *fmt, ...)
{
	char text[1024];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	t->note(level, text, t->arg);
}

bool trouble_holds(const struct source *s)
{
	const struct trouble *t = &s->trouble;
	return t->path[0] && (t->file ? t->file->state == FILE_UNREADABLE : s->closed[t->dir]);
}

void trouble_keep(struct source *s, const struct tail_file *f, int dir, const char *path,
                  const char *advice)
{
	if (trouble_holds(s))
		return;
	s->trouble.file = f;
	s->trouble.dir = dir;
	(void)snprintf(s->trouble.path, sizeof(s->trouble.path), "%.*s", TAIL_PATH_SIZE - 1, path);
	(void)snprintf(s->trouble.advice, sizeof(s->trouble.advice), "%s", advice);
}

void trouble_forget(struct source *s, const struct tail_file *f)
{
	if (s->trouble.file == f)
		s->trouble = (struct trouble){0};
}
