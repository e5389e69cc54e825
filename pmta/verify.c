/* Compares sources with acct-file blocks, and checks what else rb and f records need. */
#include "pmta/verify.h"

#include <fnmatch.h>
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
	struct fix fix;
	char what[160], where[300];
	(void)snprintf(what, sizeof(what), "source %.100s", s->name);
	for (size_t i = 0; (i = pmta_next(c, PMTA_ANYWHERE, "acct-file", i)) > 0;) {
		const struct pmta_node *n = &c->nodes[i];
		if (strcmp(base_of(n->value), base_of(s->acct_file)) != 0)
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
	verify_records(&p);
	verify_files(&p);
}

/* ---- processors for rb and f records ---- */

/*
 * Gets the domain of "bounce.example.com", "fbl@fbl.example.com", "/fbl@fbl\.example\.com/".
 * Returns false when a pattern matches more than one.
 */
static bool plain_domain(const char *value, char *ret, size_t size)
{
	const char *at = strrchr(value, '@');
	size_t n = 0;
	if (*value == '/' && !at)
		return false;
	for (const char *s = at ? at + 1 : value; *s && *s != '/' && *s != '$' && *s != '>'; s++) {
		if (*s == '\\')
			continue;
		if (strchr("*+?()[]{}|^<", *s) || n + 1 >= size)
			return false;
		ret[n++] = *s;
	}
	ret[n] = '\0';
	return n > 0;
}

bool verify_domains(const struct pmta_config *c, const char *processor, verify_domain_fn *fn,
                    void *arg)
{
	static const char *const names[] = {"domain", "address"};
	char domain[256];
	bool found = false;
	for (size_t i = 0; (i = pmta_next(c, PMTA_ANYWHERE, processor, i)) > 0;) {
		found = true;
		for (size_t l = 0; (l = pmta_next(c, i, "address-list", l)) > 0;)
			for (size_t k = 0; k < 2; k++)
				for (size_t d = 0; (d = pmta_next(c, l, names[k], d)) > 0;)
					if (plain_domain(c->nodes[d].value, domain, sizeof(domain)))
						fn(domain, &c->nodes[d], arg);
	}
	return found;
}

static bool relayed(const struct pmta_config *c, const char *domain)
{
	for (size_t i = 0; (i = pmta_next(c, PMTA_ANYWHERE, "relay-domain", i)) > 0;) {
		const char *p = c->nodes[i].value;
		struct slice word;
		while (pmta_word(&p, &word)) {
			char pattern[256];
			(void)snprintf(pattern, sizeof(pattern), "%.*s", (int)word.len, word.text);
			if (fnmatch(pattern, domain, FNM_CASEFOLD) == 0)
				return true;
		}
	}
	return false;
}

static void check_relay(const char *domain, const struct pmta_node *n, void *arg)
{
	const struct verify *v = arg;
	struct fix fix;
	char where[300];
	if (relayed(v->pmta, domain))
		return;
	pmta_place(n, where, sizeof(where));
	finding_fix(&v->to, FINDING_PROBLEM, where, fix_line(&fix, "relay-domain %s", domain),
	            "no relay-domain for %s: PowerMTA refuses the mail that this processor needs",
	            domain);
}

static void verify_processors(const struct verify *v)
{
	struct fix fix;
	if (conf_ships(v->conf, "rb") &&
	    !verify_domains(v->pmta, "bounce-processor", check_relay, (void *)v))
		finding_fix(
		        &v->to, FINDING_WARNING, v->pmta->files.v[0],
		        fix_command(&fix,
		                    "add relay-domain and <bounce-processor> as shown in the "
		                    "comments of this output, then restart PowerMTA: pmta-shipper "
		                    "directives -c %s",
		                    v->conf->path),
		        "no <bounce-processor>: PowerMTA writes no rb records; correct if the MX "
		        "of the return paths is Octeth's own receiver, else bounces that come "
		        "back by mail are lost");
	if (conf_ships(v->conf, "f") &&
	    !verify_domains(v->pmta, "feedback-loop-processor", check_relay, (void *)v))
		finding_fix(
		        &v->to, FINDING_WARNING, v->pmta->files.v[0],
		        fix_command(&fix,
		                    "add relay-domain and <feedback-loop-processor> as shown in "
		                    "the comments of this output, then pmta reload: pmta-shipper "
		                    "directives -c %s",
		                    v->conf->path),
		        "no <feedback-loop-processor>: PowerMTA writes no f records; correct if "
		        "complaints go to another host");
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
	verify_processors(v);
}
