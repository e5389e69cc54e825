/* Writes the values of a configuration, and notes. */
#include <stdarg.h>
#include <string.h>

#include "logstash/translate.h"

void translate_note(struct translation *t, unsigned line, const char *fmt, ...)
{
	char text[sizeof(t->last)];
	int n = line > 0 ? snprintf(text, sizeof(text), "line %u: ", line) : 0;
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, args);
	va_end(args);
	for (char *p = text; *p; p++) /* a note is also written as a comment line */
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	if (strcmp(text, t->last) == 0)
		return;
	memcpy(t->last, text, sizeof(text));
	(void)fprintf(t->notes, "%s\n", text);
}

void translate_text(FILE *out, const char *value)
{
	(void)putc('"', out);
	for (const char *p = value; *p; p++) {
		if (strchr("\"\\", *p) || (p[0] == '$' && p[1] == '{'))
			(void)putc('\\', out);
		if ((unsigned char)*p <
		    ' ') /* our parser refuses it; it must not change the line */
			(void)fprintf(out, "\\x%02x", (unsigned char)*p);
		else
			(void)putc(*p, out);
	}
	(void)putc('"', out);
}

void translate_key(struct translation *t, const char *key, const char *value)
{
	(void)fprintf(t->out, "\t%s = ", key);
	translate_text(t->out, value);
	(void)putc('\n', t->out);
}

bool translate_is_open(const char *value)
{
	return strstr(value, "${") || strstr(value, "%{");
}

static bool is_of(const struct pipeline_item *item, unsigned plugin, const char *key)
{
	return item->plugin == plugin && (!key || (item->key && strcmp(item->key, key) == 0));
}

void translate_use(struct translation *t, unsigned plugin, const char *key)
{
	for (size_t i = 0; i < t->p->n; i++)
		if (is_of(&t->p->items[i], plugin, key))
			t->p->items[i].used = true;
}

const char *translate_value(struct translation *t, unsigned plugin, const char *key,
                            const char *fallback)
{
	translate_use(t, plugin, key);
	return pipeline_value(t->p, plugin, key, fallback);
}

unsigned translate_line(const struct translation *t, unsigned plugin, const char *key)
{
	for (size_t i = 0; i < t->p->n; i++)
		if (is_of(&t->p->items[i], plugin, key))
			return t->p->items[i].line;
	return 0;
}
