#include "cli/print_findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "base/utf8.h"

static void print_json(const struct finding *f, struct json_writer *w)
{
	const char *fix = f->fix ? f->fix : "";
	scope_free char *whole = NULL;
	if (f->paste && asprintf(&whole, "%s\n%s", fix, f->paste) >= 0)
		fix = whole;
	json_line(w);
	json_open(w, NULL, '{');
	json_string(w, "level", finding_level_name(f->level));
	json_string(w, "what", f->what);
	json_string(w, "text", f->text);
	json_string(w, "mend", fix);
	json_close(w, '}');
}

/* Begins the JSON, before the first finding or if there is none. */
static void begin(struct findings *all)
{
	struct json_writer *w = &all->writer;
	if (w->out)
		return;
	w->out = stdout;
	json_open(w, NULL, '{');
	json_open(w, "findings", '[');
}

static void print_text(const char *text)
{
	size_t size = 4 * strlen(text) + 1;
	scope_free char *clean = malloc(size);
	if (clean)
		utf8_printable(text, strlen(text), clean, size);
	(void)fputs(clean ? clean : "(out of memory)", stdout);
}

/* Lines to paste stand under their finding, indented. */
static void print_paste(const char *lines)
{
	while (*lines) {
		size_t len = strcspn(lines, "\n");
		scope_free char *line = strndup(lines, len);
		(void)fputs("    ", stdout);
		print_text(line ? line : "(out of memory)");
		(void)putchar('\n');
		lines += len + (lines[len] == '\n');
	}
}

void findings_print(const struct finding *f, void *arg)
{
	struct findings *all = arg;
	all->n[f->level]++;
	all->unchecked += f->unchecked;
	if (all->json) {
		begin(all);
		print_json(f, &all->writer);
		return;
	}
	(void)printf("%-8s ", finding_level_name(f->level));
	print_text(f->what);
	(void)fputs(": ", stdout);
	print_text(f->text);
	if (f->fix && *f->fix) {
		(void)fputs(" -> ", stdout);
		print_text(f->fix);
	}
	(void)putchar('\n');
	print_paste(f->paste ? f->paste : "");
	(void)fflush(stdout); /* a slow check must not delay findings already made */
}

void findings_end(struct findings *f)
{
	struct json_writer *w = &f->writer;
	if (!f->json)
		return;
	if (w->comma)
		json_line(w);
	else
		begin(f);
	json_close(w, ']');
	json_line(w);
	json_count(w, "problems", f->n[FINDING_PROBLEM]);
	json_count(w, "warnings", f->n[FINDING_WARNING]);
	json_count(w, "notChecked", f->unchecked);
	json_close(w, '}');
	(void)putchar('\n');
}
