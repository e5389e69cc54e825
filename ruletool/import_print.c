#include "ruletool/import_print.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "rules/rules.h"

static void note(struct rules_import *im, bool lost, const char *fmt, va_list args)
{
	char what[512], clean[1024], name[512];
	(void)vsnprintf(what, sizeof(what), fmt, args);
	utf8_printable(what, strlen(what), clean, sizeof(clean));
	utf8_printable(im->name, strlen(im->name), name, sizeof(name));
	(void)fprintf(im->notes, "%s:%u: %s\n", name, im->line, clean);
	im->lost += lost;
}

void rules_import_note(struct rules_import *im, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	note(im, false, fmt, args);
	va_end(args);
}

void rules_import_lost(struct rules_import *im, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	note(im, true, fmt, args);
	va_end(args);
}

static void keep_mistake(const struct file_mistake *m, void *arg)
{
	char *why = arg;
	(void)snprintf(why, 512, "%s", m->what);
}

void rules_import_rule(struct rules_import *im, const char *rule)
{
	struct rules *r = NULL;
	char why[512] = "";
	int rc = rules_load_text(&r, "x", slice_of(rule), keep_mistake, why);
	(void)rules_free(r);
	if (rc < 0) {
		rules_import_lost(im, "not carried over: %s", why);
		(void)fprintf(im->out, "# line %u: %s\n#   %s\n", im->line, why, rule);
		return;
	}
	(void)fprintf(im->out, "%s\n", rule);
	im->rules++;
}

void rules_import_escape(struct slice text, char *ret, size_t size)
{
	size_t n = 0;
	for (size_t i = 0; i < text.len && n + 2 < size; i++) {
		if (!isalnum((unsigned char)text.text[i]) && text.text[i] != ' ' &&
		    (unsigned char)text.text[i] < 0x80)
			ret[n++] = '\\';
		ret[n++] = text.text[i];
	}
	ret[n] = '\0';
}
