/* check.c - checks of sources, and of settings that depend on each other. */
#include "conf/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/scope.h"
#include "base/units.h"

/* ---- paths ---- */

/* Removes double, trailing and "/./" slashes, so that two spellings of a directory compare. */
static char *tidy_path(const char *path)
{
	char *ret = strdup(path);
	char *to = ret;
	for (const char *p = path; ret && *p; p++) {
		if (p[0] == '/' && (p[1] == '/' || (p[1] == '.' && (p[2] == '/' || !p[2])))) {
			p += p[1] == '.';
			continue;
		}
		*to++ = *p;
	}
	if (!ret)
		return NULL;
	*to = '\0';
	if (to > ret + 1 && to[-1] == '/')
		to[-1] = '\0';
	if (to == ret && *path) /* "/." */
		memcpy(ret, "/", 2);
	return ret;
}

/* The directories of a source, and its file's name there. */
struct claim {
	char *live; /* tidy, without the last part, which base points to */
	char *base;
	char *moved; /* tidy; NULL without move-to */
};

static void claim_clear(struct claim *c)
{
	free(c->live);
	free(c->moved);
}

#define scope_claim __attribute__((cleanup(claim_clear)))

/* Returns false without a path or memory; the caller clears ret in any case. */
static bool claim_of(const struct conf_source *s, struct claim *ret, struct mistakes *m)
{
	char *live = tidy_path(s->acct_file);
	char *moved = *s->move_to ? tidy_path(s->move_to) : NULL;
	*ret = (struct claim){.live = live, .moved = moved};
	if (!live || (*s->move_to && !moved)) {
		m->no_memory = true;
		return false;
	}
	char *slash = strrchr(live, '/');
	if (!slash)
		return false;
	*slash = '\0';
	ret->base = slash + 1;
	return true;
}

/* True if the acct-file template base covers a file of this name: bounces-2026-11-21-0000.csv. */
static bool stands_for(const char *base, const char *name)
{
	static const char pattern[] = "-dddd-dd-dd-";
	if (strcmp(base, name) == 0)
		return true;
	const char *dot = strrchr(base, '.');
	size_t stem = dot ? (size_t)(dot - base) : strlen(base);
	if (strncmp(base, name, stem) != 0)
		return false;
	const char *p = name + stem;
	for (const char *q = pattern; *q; p++, q++)
		if (*q == 'd' ? *p < '0' || *p > '9' : *p != *q)
			return false;
	size_t digits = strspn(p, "0123456789");
	return digits > 0 && strcmp(p + digits, base + stem) == 0;
}

static bool share_directory(const struct claim *a, const struct claim *b)
{
	const char *of_a[] = {*a->live ? a->live : "/", a->moved};
	const char *of_b[] = {*b->live ? b->live : "/", b->moved};
	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < 2; j++)
			if (of_a[i] && of_b[j] && strcmp(of_a[i], of_b[j]) == 0)
				return true;
	return false;
}

static void check_claims(const struct conf *conf, size_t nth, unsigned line, struct mistakes *m)
{
	const struct conf_source *s = &conf->sources[nth];
	scope_claim struct claim own;
	if (!claim_of(s, &own, m))
		return;
	for (size_t i = 0; i < nth; i++) {
		const struct conf_source *other = &conf->sources[i];
		scope_claim struct claim its;
		if (!claim_of(other, &its, m) || !share_directory(&own, &its))
			continue;
		if (stands_for(own.base, its.base) || stands_for(its.base, own.base))
			mistake(m, line,
			        "sources '%s' and '%s' claim the same files ('%s' and '%s' in one "
			        "directory)",
			        other->name, s->name, its.base, own.base);
	}
}

/* PowerMTA's files have dates in their names, but a template has none and is no pattern. */
static void check_star(const struct conf_source *s, unsigned line, struct mistakes *m)
{
	char meant[4096];
	if (!strchr(s->acct_file, '*'))
		return;
	if (conf_acct_file_meant(s->acct_file, meant, sizeof(meant)) && !strchr(meant, '*'))
		mistake(m, line,
		        "'acct-file' is '%s': '*' stands for itself; write '%s', which stands for "
		        "all its dated files",
		        s->acct_file, meant);
	else
		mistake(m, line,
		        "'acct-file' is '%s': '*' stands for itself; write the name in PowerMTA's "
		        "acct-file directive",
		        s->acct_file);
}

static void check_directories(const struct conf_source *s, const struct parsed_section *sec,
                              struct mistakes *m)
{
	if (!*s->acct_file)
		return;
	unsigned line = parsed_line(sec, "acct-file");
	const char *base = strrchr(s->acct_file, '/') + 1;
	if (!*base || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
		mistake(m, line, "'acct-file' is '%s': must name a file, not a directory",
		        s->acct_file);
	check_star(s, line, m);
	scope_claim struct claim c;
	bool known = claim_of(s, &c, m);
	if (known && c.moved && strcmp(*c.live ? c.live : "/", c.moved) == 0)
		mistake(m, parsed_line(sec, "move-to"),
		        "'move-to' is the directory of 'acct-file' itself");
}

/* ---- endpoints of sources ---- */

static void find_endpoint(const struct conf *conf, struct conf_source *s,
                          const struct parsed_section *sec, struct mistakes *m)
{
	if (!*s->endpoint_name)
		return;
	scope_free const char **names = calloc(conf->nendpoints + 1, sizeof(*names));
	if (!names) {
		m->no_memory = true;
		return;
	}
	for (size_t i = 0; i < conf->nendpoints; i++) {
		names[i] = conf->endpoints[i].name;
		if (strcmp(names[i], s->endpoint_name) != 0)
			continue;
		s->endpoint = i;
		return;
	}
	const char *nearest = nearest_of(s->endpoint_name, names, conf->nendpoints);
	mistake(m, parsed_line(sec, "endpoint"), "there is no endpoint '%s'%s%s%s",
	        s->endpoint_name, NEAREST_HINT(nearest));
}

static void check_sources(struct conf *conf, const struct parsed *p, struct mistakes *m)
{
	for (size_t i = 0; i < conf->nsources && !m->no_memory; i++) {
		struct conf_source *s = &conf->sources[i];
		const struct parsed_section *sec = parsed_section(p, "source", s->name);
		find_endpoint(conf, s, sec, m);
		check_records(s, sec, m);
		check_directories(s, sec, m);
		check_claims(conf, i, parsed_line(sec, "acct-file"), m);
	}
}

/* ---- the top level ---- */

static void check_listen(const struct conf *conf, unsigned line, struct mistakes *m)
{
	const char *text = conf->metrics_listen;
	const char *colon = strrchr(text, ':');
	uint64_t port = 0;
	if (!*text)
		return;
	bool good = colon && colon > text && units_number(colon + 1, &port) && port >= 1 &&
	            port <= 65535;
	bool bracketed = good && text[0] == '[' && colon[-1] == ']' && colon - text > 2;
	if (good && !bracketed)
		good = strcspn(text, ":[]/ ") == (size_t)(colon - text);
	if (!good)
		mistake(m, line,
		        "'metrics-listen' is '%s': must be HOST:PORT such as 127.0.0.1:9468, or "
		        "empty",
		        text);
}

static void check_rules(const struct conf *conf, unsigned line, struct mistakes *m)
{
	for (size_t i = 0; i < conf->rules.n; i++)
		if (conf->rules.v[i][0] != '/')
			mistake(m, line, "'rules' has '%s': must be an absolute path",
			        conf->rules.v[i]);
}

void check_conf(struct conf *conf, const struct parsed *p, struct mistakes *m)
{
	const struct parsed_section *top = &p->sections[0];
	if (conf->nsources == 0)
		mistake(m, 1, "there is no source (source NAME { acct-file = ... })");
	if (conf->nendpoints == 0)
		mistake(m, 1, "there is no endpoint (endpoint NAME { url = ... })");
	check_listen(conf, parsed_line(top, "metrics-listen"), m);
	check_rules(conf, parsed_line(top, "rules"), m);
	check_sources(conf, p, m);
	for (size_t i = 0; i < conf->nendpoints && !m->no_memory; i++)
		check_endpoint(conf, &conf->endpoints[i],
		               parsed_section(p, "endpoint", conf->endpoints[i].name), m);
}
