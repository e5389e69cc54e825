/* Compares sources with acct-file blocks. */
#include "pmta/verify.h"

#include <stdio.h>
#include <string.h>

#include "base/fix.h"
#include "pmta/verify_pair.h"

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* ---- blocks and sources ---- */

/* A block with the same file name in another folder is the likely mistake. */
static void tell_missing(const struct verify *v, const struct conf_source *s)
{
	const struct pmta_config *c = v->pmta;
	struct fix fix = {0};
	char what[160], where[300];
	(void)snprintf(what, sizeof(what), "source %.100s", s->name);
	for (size_t i = 0; (i = pmta_next(c, PMTA_ANYWHERE, "acct-file", i)) > 0;) {
		const struct pmta_node *n = &c->nodes[i];
		if (verify_path_meant(v, n, s->acct_file))
			return; /* verify_blocks() reports its path */
		if (verify_path_is_wrong(n) ||
		    strcmp(base_of(n->value), base_of(s->acct_file)) != 0)
			continue;
		pmta_place(n, where, sizeof(where));
		(void)fix_line(&fix, "acct-file = \"%s\" in %s", n->value, v->conf->path);
		finding_fix(&v->to, FINDING_PROBLEM, what, fix.text,
		            "%s writes %s, but this source follows %s, which is never written",
		            where, n->value, s->acct_file);
		return;
	}
	finding_fix(&v->to, FINDING_PROBLEM, what,
	            fix_command(&fix, "paste its block from: pmta-shipper directives -c %s",
	                        v->conf->path),
	            "no <acct-file %s> in %s: PowerMTA writes no such file, and nothing is shipped",
	            s->acct_file, c->files.v[0]);
}

static void tell_twice(const struct verify *v, const struct conf_source *s, size_t first,
                       size_t second)
{
	char a[300], b[300];
	pmta_place(&v->pmta->nodes[first], a, sizeof(a));
	pmta_place(&v->pmta->nodes[second], b, sizeof(b));
	finding_fix(&v->to, FINDING_PROBLEM, b, "delete one of the two blocks",
	            "a second <acct-file %s>, after the one in %s: it is undefined which one "
	            "applies",
	            s->acct_file, a);
}

size_t verify_block(const struct pmta_config *c, const struct conf_source *s)
{
	size_t i = 0;
	while ((i = pmta_next(c, PMTA_ANYWHERE, "acct-file", i)) > 0)
		if (c->nodes[i].block && verify_same_path(c->nodes[i].value, s->acct_file))
			return i;
	return 0;
}

static void verify_source(const struct verify *v, const struct conf_source *s)
{
	size_t block = verify_block(v->pmta, s);
	if (block == 0) {
		tell_missing(v, s);
		return;
	}
	for (size_t i = block; (i = pmta_next(v->pmta, PMTA_ANYWHERE, "acct-file", i)) > 0;)
		if (v->pmta->nodes[i].block &&
		    verify_same_path(v->pmta->nodes[i].value, s->acct_file))
			tell_twice(v, s, block, i);
	struct verify_pair p = {.v = v, .source = s, .block = block};
	pmta_place(&v->pmta->nodes[block], p.where, sizeof(p.where));
	verify_lists(&p);
	bool webhook = pmta_last(v->pmta, block, "http-webhook-url");
	if (!webhook && !verify_records(&p))
		return;
	verify_block_directives(&p);
	verify_files(&p);
	verify_fbl(&p);
}

void verify_pmta(const struct verify *v)
{
	char where[300];
	for (size_t i = 0; i < v->pmta->nmistakes; i++) {
		const struct pmta_mistake *m = &v->pmta->mistakes[i];
		(void)snprintf(where, sizeof(where), "%s:%u", m->file, m->line);
		finding_unchecked(&v->to, FINDING_PROBLEM, where, NULL,
		                  "%s; this part could not be compared", m->text);
	}
	for (size_t i = 0; i < v->conf->nsources; i++)
		verify_source(v, &v->conf->sources[i]);
	verify_blocks(v);
	verify_directives(v);
	verify_mail(v);
}
