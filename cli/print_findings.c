#include "cli/print_findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "base/utf8.h"

static void print_json(const char *name, const char *text)
{
	(void)printf("\"%s\":", name);
	utf8_json(slice_of(text), stdout);
}

static void print_text(const char *text)
{
	size_t size = 4 * strlen(text) + 1;
	scope_free char *clean = malloc(size);
	if (clean)
		utf8_printable(text, strlen(text), clean, size);
	(void)fputs(clean ? clean : "(out of memory)", stdout);
}

void findings_print(const struct finding *f, void *arg)
{
	struct findings *all = arg;
	unsigned before = all->n[0] + all->n[1] + all->n[2] + all->n[3];
	all->n[f->level]++;
	if (all->json) {
		(void)printf("%s{\"level\":\"%s\",", before ? ",\n" : "{\"findings\":[\n",
		             finding_level_name(f->level));
		print_json("what", f->what);
		(void)putchar(',');
		print_json("text", f->text);
		(void)putchar(',');
		print_json("mend", f->mend ? f->mend : "");
		(void)putchar('}');
		return;
	}
	(void)printf("%-8s ", finding_level_name(f->level));
	print_text(f->what);
	(void)fputs(": ", stdout);
	print_text(f->text);
	if (f->mend && *f->mend) {
		(void)fputs(" -> ", stdout);
		print_text(f->mend);
	}
	(void)putchar('\n');
	(void)fflush(stdout); /* what takes long is not to hide what is known */
}

void findings_end(const struct findings *f)
{
	unsigned all = f->n[0] + f->n[1] + f->n[2] + f->n[3];
	if (f->json)
		(void)printf("%s],\n\"problems\":%u,\"warnings\":%u}\n",
		             all ? "\n" : "{\"findings\":[", f->n[FINDING_PROBLEM],
		             f->n[FINDING_WARNING]);
}
