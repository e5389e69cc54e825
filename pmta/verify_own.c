/* The block of its own that a source needs when a file has other readers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fix.h"
#include "base/text.h"
#include "pmta/directives.h"
#include "pmta/verify_pair.h"

#define NAMES_TRIED 10

static bool taken(const struct verify *v, const char *path)
{
	const struct pmta_config *c = v->pmta;
	for (size_t i = 0; (i = pmta_next(c, PMTA_ANYWHERE, "acct-file", i)) > 0;)
		if (verify_same_path(c->nodes[i].value, path))
			return true;
	for (size_t i = 0; i < v->conf->nsources; i++)
		if (verify_same_path(v->conf->sources[i].acct_file, path))
			return true;
	return false;
}

/* Finds a file name in the source's folder that nobody uses. */
static bool free_name(const struct verify_pair *p, char *ret, size_t size)
{
	char folder[2048];
	const char *kind = p->source->records.n == 1 && conf_source_ships(p->source, "f")
	                           ? "fbl"
	                           : "bounces";
	conf_source_folder(p->source, folder, sizeof(folder));
	const char *between = strcmp(folder, "/") == 0 ? "" : "/";
	for (unsigned i = 0; i < NAMES_TRIED; i++) {
		int n = i == 0 ? snprintf(ret, size, "%s%s%s.csv", folder, between, kind)
		               : snprintf(ret, size, "%s%sshipper%.0u-%s.csv", folder, between,
		                          i - 1, kind);
		if (n > 0 && (size_t)n < size && !taken(p->v, ret))
			return true;
	}
	return false;
}

char *verify_own_block(const struct verify_pair *p, char *ret_path, size_t size, struct fix *ret)
{
	struct text t;
	if (!free_name(p, ret_path, size))
		return NULL;
	FILE *f = text_begin(&t);
	struct conf_source own = *p->source;
	own.acct_file = ret_path;
	(void)fix_line(ret,
	               "leave this block, add one of its own, and set acct-file = \"%s\" in source "
	               "%s of %s",
	               ret_path, p->source->name, p->v->conf->path);
	if (f)
		directives_print_block(&own, false, f);
	char *text = text_end(&t);
	size_t n = text ? t.len : 0;
	if (n > 1 && text[n - 1] == '\n' && text[n - 2] == '\n')
		text[n - 1] = '\0';
	return text;
}
