/* Checks the acct-file blocks themselves: their paths, and rows that nobody or somebody else ships.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/fix.h"
#include "base/url.h"
#include "pmta/verify_pair.h"

static const char *const shipped_types[] = {"b", "rb", "f"};
#define TYPES (sizeof(shipped_types) / sizeof(shipped_types[0]))

static bool is_pipe(const struct pmta_node *n)
{
	return n->value[0] == '|';
}

/* ---- paths ---- */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

bool verify_path_is_wrong(const struct pmta_node *n)
{
	return !n->block || (!is_pipe(n) && (n->value[0] != '/' || strchr(n->value, '*')));
}

/* Writes the path that is probably meant: one of a source with that name, if there is one. */
static bool path_meant(const struct verify *v, const char *value, char *ret, size_t size)
{
	char name[4096];
	if (!conf_acct_file_meant(value, name, sizeof(name)))
		(void)snprintf(name, sizeof(name), "%s", value);
	for (size_t i = 0; i < v->conf->nsources; i++) {
		const char *path = v->conf->sources[i].acct_file;
		if (strcmp(base_of(path), base_of(name)) != 0)
			continue;
		(void)snprintf(ret, size, "%s", path);
		return true;
	}
	(void)snprintf(ret, size, "%s%s", *name == '/' ? "" : "/var/log/pmta/",
	               *name == '/' ? name : base_of(name));
	return !strchr(ret, '*') && *base_of(ret);
}

bool verify_path_meant(const struct verify *v, const struct pmta_node *n, const char *path)
{
	char meant[4200];
	return verify_path_is_wrong(n) && path_meant(v, n->value, meant, sizeof(meant)) &&
	       verify_same_path(meant, path);
}

static void check_path(const struct verify *v, const struct pmta_node *n)
{
	char where[300], meant[4200];
	struct fix fix = {0};
	pmta_place(n, where, sizeof(where));
	bool known = path_meant(v, n->value, meant, sizeof(meant));
	const char *better = known ? fix_line(&fix, "<acct-file %s>", meant) : NULL;
	if (!n->block)
		finding_fix(&v->to, FINDING_PROBLEM, where,
		            "write its directives between <acct-file PATH> and </acct-file>",
		            "acct-file is a block, and this line is not the beginning of one");
	else if (!*n->value)
		finding_tell(&v->to, FINDING_PROBLEM, where, "<acct-file> without a path");
	else if (strchr(n->value, '*'))
		finding_fix(&v->to, FINDING_PROBLEM, where, better,
		            "<acct-file %s>: '*' is not a pattern but part of the name; write %s, "
		            "which stands for all dated files",
		            n->value, known ? base_of(meant) : "a name without it");
	else
		finding_fix(&v->to, FINDING_PROBLEM, where, better,
		            "<acct-file %s> is a relative path: which folder it begins at depends "
		            "on how PowerMTA is started, so no source can follow it for certain",
		            n->value);
}

/* ---- rows that nobody ships ---- */

/* A type that no source ships is lost, wherever it is logged. */
static void tell_unshipped(const struct verify *v, size_t block, const struct conf_source *s,
                           const char *type)
{
	const struct pmta_node *n = &v->pmta->nodes[block];
	char where[300];
	struct fix fix = {0};
	pmta_place(n, where, sizeof(where));
	if (s)
		(void)fix_line(&fix, "add \"%s\" to records in source %s of %s", type, s->name,
		               v->conf->path);
	else
		(void)fix_line(
		        &fix,
		        "source %s { acct-file = \"%s\" records = { \"%s\" } endpoint = \"%s\" "
		        "} in %s",
		        strcmp(type, "f") == 0 ? "fbl" : "more-bounces", n->value, type,
		        v->conf->nendpoints > 0 ? v->conf->endpoints[0].name : "octeth",
		        v->conf->path);
	finding_fix(&v->to, FINDING_WARNING, where, fix.text,
	            "%s rows are logged in this file, and no source ships them: %s do not reach "
	            "Octeth",
	            type, strcmp(type, "f") == 0 ? "complaints" : "bounces");
}

static const struct conf_source *source_of(const struct verify *v, size_t block)
{
	for (size_t i = 0; i < v->conf->nsources; i++)
		if (verify_same_path(v->pmta->nodes[block].value, v->conf->sources[i].acct_file))
			return &v->conf->sources[i];
	return NULL;
}

static void check_unshipped(const struct verify *v, const char *type)
{
	const struct pmta_config *c = v->pmta;
	if (conf_ships(v->conf, type))
		return;
	for (size_t i = 0; (i = pmta_next(c, PMTA_ANYWHERE, "acct-file", i)) > 0;) {
		if (!c->nodes[i].block || verify_path_is_wrong(&c->nodes[i]) ||
		    is_pipe(&c->nodes[i]) || !verify_logs(c, i, type))
			continue;
		tell_unshipped(v, i, source_of(v, i), type);
		return; /* once for a type */
	}
}

/* ---- rows that PowerMTA sends itself ---- */

static bool names_receiver(const struct verify *v, const char *text)
{
	for (size_t i = 0; i < v->conf->nendpoints; i++) {
		struct slice host = url_host(v->conf->endpoints[i].url);
		if (host.len > 0 && memmem(text, strlen(text), host.text, host.len))
			return true;
	}
	return false;
}

/* The program or URL is not printed: it may hold a key. */
static void check_sender(const struct verify *v, size_t block)
{
	const struct pmta_node *n = &v->pmta->nodes[block];
	const struct pmta_node *url = pmta_last(v->pmta, block, "http-webhook-url");
	const char *by = is_pipe(n) ? "a pipe" : "http-webhook-url";
	char where[300];
	if (!is_pipe(n) && (!url || source_of(v, block)))
		return; /* a source's own block is judged with it */
	for (size_t i = 0; i < TYPES; i++) {
		const char *type = shipped_types[i];
		if (!conf_ships(v->conf, type) || !verify_logs(v->pmta, block, type))
			continue;
		bool same = names_receiver(v, url ? url->value : n->value);
		pmta_place(url ? url : n, where, sizeof(where));
		finding_fix(
		        &v->to, same ? FINDING_PROBLEM : FINDING_WARNING, where,
		        "delete the block, unless it serves another receiver",
		        "%s of PowerMTA gets %s rows, which a source ships, too%s: each row that "
		        "arrives twice makes soft bounces hard ones",
		        by, type, same ? ", to the same host" : "; if both go to one receiver");
		return;
	}
}

void verify_blocks(const struct verify *v)
{
	const struct pmta_config *c = v->pmta;
	for (size_t i = 0; (i = pmta_next(c, PMTA_ANYWHERE, "acct-file", i)) > 0;) {
		if (verify_path_is_wrong(&c->nodes[i]))
			check_path(v, &c->nodes[i]);
		else if (c->nodes[i].block)
			check_sender(v, i);
	}
	for (size_t i = 0; i < TYPES; i++)
		check_unshipped(v, shipped_types[i]);
}
