#include "tailer/places.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/scope.h"

/* ---- from the store ---- */

static int add_place(const struct source_place *from, void *arg)
{
	struct places *p = arg;
	struct source_place *all = reallocarray(p->all, p->n + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	p->all = all;
	struct source_place *to = &all[p->n++];
	*to = *from;
	to->source = strdup(from->source);
	to->folder = strdup(from->folder);
	to->base = strdup(from->base);
	return to->source && to->folder && to->base ? 0 : -ENOMEM;
}

static int add_source(const char *name, void *arg)
{
	struct places *p = arg;
	char **more = reallocarray(p->sources, p->nsources + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	p->sources = more;
	more[p->nsources] = strdup(name);
	return more[p->nsources++] ? 0 : -ENOMEM;
}

int places_load(struct places *ret, struct store *store)
{
	*ret = (struct places){0};
	int rc = store_places(store, add_place, ret);
	return rc == 0 ? store_sources(store, add_source, ret) : rc;
}

void places_free(struct places *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free((char *)p->all[i].source);
		free((char *)p->all[i].folder);
		free((char *)p->all[i].base);
	}
	for (size_t i = 0; i < p->nsources; i++)
		free(p->sources[i]);
	free(p->all);
	free(p->sources);
	*p = (struct places){0};
}

/* ---- comparing ---- */

void places_folder(const char *folder, char *ret, size_t size)
{
	size_t n = 0;
	for (const char *c = folder; *c && n + 1 < size; c++) {
		if (*c != '/' || c[1] != '/')
			ret[n++] = *c;
	}
	if (n > 1 && ret[n - 1] == '/')
		n--;
	ret[n] = '\0';
}

/* The places of a section: its folder of live files, and move-to. */
struct own {
	char live[PATH_MAX], moved[PATH_MAX]; /* moved "": none */
	const char *base;
};

static void own_places(const struct tail_source *s, struct own *ret)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(s->acct_file, '/');
	int len = slash == s->acct_file ? 1 : (int)(slash - s->acct_file);
	(void)snprintf(folder, sizeof(folder), "%.*s", len, s->acct_file);
	places_folder(folder, ret->live, sizeof(ret->live));
	places_folder(s->move_to, ret->moved, sizeof(ret->moved));
	ret->base = slash + 1;
}

/* How well a place fits a section: the acct-file itself, another place of it, or not at all. */
enum fit { FIT_LIVE, FIT_MOVED, FIT_ANY, FIT_NAME, FITS };

static bool fits(const struct source_place *p, const struct own *own, enum fit fit)
{
	bool live = strcmp(p->folder, own->live) == 0;
	bool moved = own->moved[0] && strcmp(p->folder, own->moved) == 0;
	if (strcmp(p->base, own->base) != 0)
		return false;
	if (fit == FIT_LIVE)
		return live && !p->moved && !p->past;
	if (fit == FIT_MOVED)
		return moved && p->moved && !p->past;
	return live || moved;
}

bool places_fresh(const struct places *p, const char *source, const char *folder, const char *base)
{
	char tidy[PATH_MAX];
	bool any = false;
	places_folder(folder, tidy, sizeof(tidy));
	for (size_t i = 0; i < p->n; i++) {
		const struct source_place *at = &p->all[i];
		if (strcmp(at->source, source) != 0)
			continue;
		if (strcmp(at->folder, tidy) == 0 && strcmp(at->base, base) == 0)
			return false;
		any = true;
	}
	return any;
}

static bool same_folder(const char *a, const char *b)
{
	struct stat one, two;
	return *a && *b && stat(a, &one) == 0 && stat(b, &two) == 0 && one.st_dev == two.st_dev &&
	       one.st_ino == two.st_ino;
}

bool places_covered(const struct source_place *place, const struct tail_source *sources, size_t n)
{
	struct own own;
	for (size_t i = 0; i < n; i++) {
		own_places(&sources[i], &own);
		if (fits(place, &own, FIT_ANY) ||
		    (strcmp(place->base, own.base) == 0 && (same_folder(place->folder, own.live) ||
		                                            same_folder(place->folder, own.moved))))
			return true;
	}
	return false;
}

bool places_have_file(const struct places *p, const char *source, const struct tail_source *now,
                      const char *name)
{
	char path[PATH_MAX + 8];
	struct stat st;
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->all[i].source, source) != 0 || places_covered(&p->all[i], now, 1))
			continue;
		for (int gz = 0; gz < 2; gz++) {
			(void)snprintf(path, sizeof(path), "%s/%s%s", p->all[i].folder, name,
			               gz ? ".gz" : "");
			if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
				return true;
		}
	}
	return false;
}

static bool taken(const char *name, const char **names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (names[i] && strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

static const char *find(const struct places *p, const struct tail_source *s, enum fit fit,
                        const char **names, size_t n)
{
	struct own own;
	own_places(s, &own);
	for (size_t i = 0; fit == FIT_NAME && i < p->nsources; i++) {
		if (strcmp(p->sources[i], s->name) == 0 && !taken(s->name, names, n))
			return p->sources[i];
	}
	for (size_t i = 0; fit != FIT_NAME && i < p->n; i++) {
		if (fits(&p->all[i], &own, fit) && !taken(p->all[i].source, names, n))
			return p->all[i].source;
	}
	return NULL;
}

void places_match(const struct places *p, const struct tail_source *sources, size_t n,
                  const char **ret)
{
	for (size_t i = 0; i < n; i++)
		ret[i] = NULL;
	for (enum fit fit = 0; fit < FITS; fit++) {
		for (size_t i = 0; i < n; i++) {
			if (!ret[i])
				ret[i] = find(p, &sources[i], fit, ret, n);
		}
	}
}

/* ---- names ---- */

#define NAME_SIZE 512

/* A source that no section is any more gives its name to one that is another. */
static int move_away(struct store *store, const struct places *p, const char *name)
{
	char other[NAME_SIZE];
	bool used = true;
	for (unsigned i = 1; used; i++) {
		(void)snprintf(other, sizeof(other), "%.400s (%u)", name, i);
		used = false;
		for (size_t j = 0; j < p->nsources; j++)
			used = used || strcmp(p->sources[j], other) == 0;
	}
	return store_source_rename(store, name, other);
}

/* Two steps, since names may be exchanged: no section's name has a line end in it. */
static int rename_all(struct store *store, const struct places *p,
                      const struct tail_source *sources, size_t n, const char **names)
{
	char between[NAME_SIZE];
	int rc = 0;
	for (int step = 0; step < 2; step++) {
		for (size_t i = 0; rc == 0 && i < n; i++) {
			if (!names[i] || strcmp(names[i], sources[i].name) == 0)
				continue;
			(void)snprintf(between, sizeof(between), "\n%zu", i);
			rc = step == 0 ? store_source_rename(store, names[i], between)
			               : store_source_rename(store, between, sources[i].name);
		}
		for (size_t i = 0; step == 0 && rc == 0 && i < p->nsources; i++) {
			const char *name = p->sources[i];
			bool wanted = false;
			for (size_t j = 0; j < n; j++)
				wanted = wanted || strcmp(sources[j].name, name) == 0;
			if (wanted && !taken(name, names, n))
				rc = move_away(store, p, name);
		}
	}
	return rc;
}

int places_rename(struct store *store, const struct tail_source *sources, size_t n, int64_t now_ms)
{
	struct places p;
	scope_free const char **names = calloc(n + 1, sizeof(*names));
	bool differ = false;
	int rc = names ? places_load(&p, store) : -ENOMEM;
	if (!names)
		return rc;
	if (rc == 0) {
		places_match(&p, sources, n, names);
		for (size_t i = 0; i < n; i++)
			differ = differ || !names[i] || strcmp(names[i], sources[i].name) != 0;
	}
	if (rc == 0 && differ) {
		rc = store_begin(store);
		if (rc == 0)
			rc = rename_all(store, &p, sources, n, names);
		if (rc == 0)
			rc = store_commit(store, now_ms);
		if (rc < 0)
			store_rollback(store);
	}
	places_free(&p);
	return rc;
}
