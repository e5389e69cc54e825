#include "conf/mistakes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"

#define LINE_SIZE 1024 /* a longer message is cut */

/* Messages quote the file's text, which must not break the line or control a terminal. */
static void escape(const char *text, char *ret, size_t size)
{
	size_t n = 0;
	for (const char *p = text; *p && n + sizeof("\\xHH") <= size; p++) {
		unsigned char c = (unsigned char)*p;
		if (c >= ' ' && c != 0x7f)
			ret[n++] = *p;
		else
			n += (size_t)snprintf(ret + n, size - n, "\\x%02x", c);
	}
	ret[n] = '\0';
}

void mistake(struct mistakes *m, unsigned line, const char *fmt, ...)
{
	char text[LINE_SIZE];
	char escaped[LINE_SIZE];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	escape(text, escaped, sizeof(escaped));

	scope_free char *copy = strdup(escaped);
	struct mistake *v = reallocarray(m->v, m->n + 1, sizeof(*v));
	if (v)
		m->v = v;
	if (!v || !copy) {
		m->no_memory = true;
		return;
	}
	v[m->n] = (struct mistake){line, m->n, STEAL(copy), 0};
	m->n++;
}

void mistake_unreadable(struct mistakes *m, unsigned line, const char *key, const char *path,
                        int error)
{
	size_t n = m->n;
	mistake(m, line, "'%s': cannot read '%s': %s", key, path, strerror(error));
	if (m->n > n)
		m->v[n].error = error;
}

static int by_line(const void *a, const void *b)
{
	const struct mistake *x = a;
	const struct mistake *y = b;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->nth < y->nth ? -1 : 1;
}

void mistakes_tell(struct mistakes *m, conf_mistake_fn *fn, void *arg)
{
	if (m->n > 0)
		qsort(m->v, m->n, sizeof(*m->v), by_line);
	for (size_t i = 0; i < m->n; i++) {
		char line[2 * LINE_SIZE];
		(void)snprintf(line, sizeof(line), "%s:%u: %s", m->path, m->v[i].line,
		               m->v[i].text);
		fn(&(struct file_mistake){line, m->v[i].text, m->v[i].error}, arg);
	}
}

void mistakes_clear(struct mistakes *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->v[i].text);
	free(m->v);
	*m = (struct mistakes){0};
}
