#include "csv/catalog.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "csv/header.h"
#include "follow/folder.h"

/* Adds one element at the end of a list.  Returns NULL when out of memory. */
static void *one_more(void **list, size_t n, size_t *room, size_t size)
{
	if (n == *room) {
		size_t more = *room ? 2 * *room : 64;
		void *p = realloc(*list, more * size);
		if (!p)
			return NULL;
		*list = p;
		*room = more;
	}
	void *at = (char *)*list + n * size;
	memset(at, 0, size);
	return at;
}

/* ---- the folders ---- */

struct walk {
	struct catalog *catalog;
	const struct conf_source *source;
	const char *folder;
	bool moved;
	int error; /* errno of a file that exists and could not be examined */
};

static char *path_of(const char *folder, const char *name)
{
	char *path;
	size_t len = strlen(folder);
	const char *slash = len > 0 && folder[len - 1] == '/' ? "" : "/";
	return asprintf(&path, "%s%s%s", folder, slash, name) < 0 ? NULL : path;
}

static int add_trouble(const struct walk *w, int error)
{
	struct catalog *c = w->catalog;
	char *path = strdup(w->folder);
	struct catalog_trouble *t = path ? one_more((void **)&c->troubles, c->ntroubles,
	                                            &c->troubles_room, sizeof(*t))
	                                 : NULL;
	if (!t) {
		free(path);
		return -ENOMEM;
	}
	*t = (struct catalog_trouble){w->source, path, error};
	c->ntroubles++;
	return 0;
}

static void take_stat(struct catalog_file *f, const struct stat *st)
{
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	f->size = (uint64_t)st->st_size;
	f->mtime_ms = (int64_t)st->st_mtim.tv_sec * 1000;
}

static int add_file(const struct folder_file *found, void *arg)
{
	struct walk *w = arg;
	struct catalog *c = w->catalog;
	if (found->error != 0) {
		w->error = found->error;
		return 0;
	}
	char *path = path_of(w->folder, found->name);
	struct catalog_file *f =
	        path ? one_more((void **)&c->files, c->nfiles, &c->files_room, sizeof(*f)) : NULL;
	if (!f) {
		free(path);
		return -ENOMEM;
	}
	f->source = w->source;
	f->path = path;
	f->name = path + strlen(path) - strlen(found->name);
	f->key = found->key;
	f->plain_len = (int)strlen(f->name) - (f->key.gz ? 3 : 0);
	f->moved = w->moved;
	take_stat(f, &found->st);
	c->nfiles++;
	return 0;
}

static int scan(struct catalog *c, const struct conf_source *source, const char *folder, bool moved)
{
	int error;
	struct walk w = {c, source, folder, moved, 0};
	const struct acct_template t = acct_template(source->acct_file);
	struct besides *b = &c->besides[source - c->conf->sources];
	int rc = folder_each_beside(folder, &t, add_file, &w,
	                            b->in[moved ? BESIDE_MOVED : BESIDE_LIVE], &error);
	if (rc < 0)
		return rc;
	if (error == 0)
		error = w.error;
	if (error == ENOMEM)
		return -ENOMEM;
	return error == 0 || rc == FOLDER_MISSING ? 0 : add_trouble(&w, error);
}

static int scan_source(struct catalog *c, const struct conf_source *source)
{
	char live[PATH_MAX];
	conf_source_folder(source, live, sizeof(live));
	bool same = conf_source_moves_nowhere(source);
	/* The live folder first: a file that moves in between is seen twice, not missed. */
	int rc = same ? 0 : scan(c, source, live, false);
	return rc == 0 && source->move_to[0] ? scan(c, source, source->move_to, true) : rc;
}

static int by_age(const void *left, const void *right)
{
	const struct catalog_file *a = left, *b = right;
	int rc = acct_name_compare(&a->key, &b->key);
	if (rc == 0)
		rc = (a->source > b->source) - (a->source < b->source);
	return rc != 0 ? rc : strcmp(a->path, b->path);
}

static int compare_inodes(const struct catalog_file *a, const struct catalog_file *b)
{
	if (a->source != b->source)
		return a->source < b->source ? -1 : 1;
	if (a->ino != b->ino)
		return a->ino < b->ino ? -1 : 1;
	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	return (int)a->key.gz - (int)b->key.gz;
}

/* Sorts the path to keep of each inode first: one in move-to, then the oldest. */
static int by_inode(const void *left, const void *right)
{
	const struct catalog_file *a = left, *b = right;
	int rc = compare_inodes(a, b);
	if (rc == 0)
		rc = (int)b->moved - (int)a->moved;
	return rc != 0 ? rc : by_age(a, b);
}

/* A file that moved in between was seen twice; a hard link is not another file. */
static void drop_doubles(struct catalog *c)
{
	size_t n = 0;
	qsort(c->files, c->nfiles, sizeof(*c->files), by_inode);
	for (size_t i = 0; i < c->nfiles; i++) {
		if (n > 0 && compare_inodes(&c->files[n - 1], &c->files[i]) == 0)
			free(c->files[i].path);
		else
			c->files[n++] = c->files[i];
	}
	c->nfiles = n;
	qsort(c->files, c->nfiles, sizeof(*c->files), by_age);
}

/* ---- the store ---- */

struct load {
	struct catalog *catalog;
	const struct conf_source *source;
};

static int add_entry(const struct store_file *f, void *arg)
{
	const struct load *load = arg;
	struct catalog *c = load->catalog;
	struct acct_name key;
	const struct acct_template t = acct_template(load->source->acct_file);
	bool named = acct_name_parse(&t, f->name, &key);
	if (!named) /* the acct-file was another one: the agent knows it, too */
		key = acct_name_guess(f->name);
	char *name = strdup(f->name);
	struct catalog_entry *e = name ? one_more((void **)&c->entries, c->nentries,
	                                          &c->entries_room, sizeof(*e))
	                               : NULL;
	if (!e) {
		free(name);
		return -ENOMEM;
	}
	*e = (struct catalog_entry){
	        .kept = *f, .name = name, .key = key, .source = load->source, .left = !named};
	e->kept.name = name;
	e->kept.source = load->source->name;
	c->nentries++;
	return 0;
}

bool catalog_same_inode(const struct catalog_file *f, const struct catalog_entry *e)
{
	return e->kept.ino == f->ino && e->kept.dev == f->dev && e->kept.gz == f->key.gz;
}

static int inode_at(const void *left, const void *right)
{
	const struct catalog_file *const *a = left, *const *b = right;
	return compare_inodes(*a, *b);
}

/* Finds the file at the inode of each entry. */
static int place_entries(struct catalog *c)
{
	const struct catalog_file **sorted = calloc(c->nfiles + 1, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < c->nfiles; i++)
		sorted[i] = &c->files[i];
	qsort(sorted, c->nfiles, sizeof(*sorted), inode_at);
	for (size_t i = 0; i < c->nentries; i++) {
		struct catalog_entry *e = &c->entries[i];
		const struct catalog_file wanted = {.source = e->source,
		                                    .ino = e->kept.ino,
		                                    .dev = e->kept.dev,
		                                    .key.gz = e->kept.gz};
		const struct catalog_file *key = &wanted, **at;
		at = bsearch(&key, sorted, c->nfiles, sizeof(*sorted), inode_at);
		e->file = at ? *at : NULL;
	}
	free(sorted);
	return 0;
}

struct tail_source *catalog_tail_sources(const struct conf *conf)
{
	struct tail_source *ret = calloc(conf->nsources + 1, sizeof(*ret));
	for (size_t i = 0; ret && i < conf->nsources; i++)
		ret[i] = (struct tail_source){.name = conf->sources[i].name,
		                              .acct_file = conf->sources[i].acct_file,
		                              .move_to = conf->sources[i].move_to};
	return ret;
}

static int find_names(struct catalog *c)
{
	struct tail_source *sources = catalog_tail_sources(c->conf);
	c->names = calloc(c->conf->nsources + 1, sizeof(*c->names));
	int rc = sources && c->names ? 0 : -ENOMEM;
	if (rc == 0 && c->store)
		rc = places_load(&c->places, c->store);
	if (rc == 0)
		places_match(&c->places, sources, c->conf->nsources, c->names);
	free(sources);
	return rc;
}

const char *catalog_stored_name(const struct catalog *c, const struct conf_source *s)
{
	const char *name = c->names[s - c->conf->sources];
	return name ? name : s->name;
}

int catalog_open(struct catalog *ret, const struct conf *conf, struct store *store)
{
	*ret = (struct catalog){.conf = conf, .store = store};
	ret->besides = calloc(conf->nsources + 1, sizeof(*ret->besides));
	int rc = ret->besides ? find_names(ret) : -ENOMEM;
	for (size_t i = 0; rc == 0 && i < conf->nsources; i++) {
		struct load load = {ret, &conf->sources[i]};
		rc = scan_source(ret, &conf->sources[i]);
		if (rc == 0 && store)
			rc = store_files(store, catalog_stored_name(ret, load.source), add_entry,
			                 &load);
	}
	if (ret->nfiles > 0)
		drop_doubles(ret);
	return rc == 0 ? place_entries(ret) : rc;
}

void catalog_close(struct catalog *c)
{
	for (size_t i = 0; i < c->nfiles; i++)
		free(c->files[i].path);
	for (size_t i = 0; i < c->nentries; i++)
		free(c->entries[i].name);
	for (size_t i = 0; i < c->ntroubles; i++)
		free(c->troubles[i].path);
	free(c->files);
	free(c->entries);
	free(c->troubles);
	places_free(&c->places);
	free(c->names);
	free(c->besides);
	*c = (struct catalog){0};
}

size_t catalog_report(const struct catalog *c, void (*report)(const char *path, const char *why))
{
	for (size_t i = 0; i < c->ntroubles; i++)
		report(c->troubles[i].path, strerror(c->troubles[i].error));
	return c->ntroubles;
}

bool catalog_find_again(struct catalog_file *f, char *path, size_t size)
{
	const char *moved = f->source->move_to;
	const int moved_len = (int)strlen(moved), here_len = (int)(f->name - f->path) - 1;
	const struct {
		const char *folder;
		int len;
		bool moved, packed;
	} places[] = {{moved, moved_len, true, false},
	              {f->path, here_len, f->moved, true},
	              {moved, moved_len, true, true}};
	struct stat st;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		bool packed = places[i].packed;
		if (!*places[i].folder || (packed && f->key.gz))
			continue;
		(void)snprintf(path, size, "%.*s/%s%s", places[i].len, places[i].folder, f->name,
		               packed ? ".gz" : "");
		if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		f->path = path;
		f->name = strrchr(path, '/') + 1;
		f->key.gz = f->key.gz || packed;
		f->moved = places[i].moved;
		take_stat(f, &st);
		return true;
	}
	return false;
}

const struct catalog_entry *catalog_entry_named(const struct catalog *c, const char *name)
{
	const struct catalog_entry *found = NULL;
	for (size_t i = 0; i < c->nentries; i++) {
		const struct catalog_entry *e = &c->entries[i];
		if (strcmp(e->name, name) == 0 && (!found || e->kept.id > found->kept.id))
			found = e;
	}
	return found;
}

/* ---- the sources of the configuration ---- */

const struct conf_source *catalog_source_of(const struct conf *conf, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct acct_name name;
	for (size_t i = 0; i < conf->nsources; i++) {
		const struct acct_template t = acct_template(conf->sources[i].acct_file);
		if (acct_name_parse(&t, slash ? slash + 1 : path, &name))
			return &conf->sources[i];
	}
	return &conf->sources[0];
}

struct headless {
	const struct conf *conf;
	const struct conf_source *source;
	const char *path;
};

static int find_header(char **ret, void *arg)
{
	const struct headless *h = arg;
	const char *slash = strrchr(h->path, '/'), *base = slash ? slash + 1 : h->path;
	char name[NAME_MAX + 1];
	struct store *store;
	size_t len = strlen(base);
	if (len > 3 && strcasecmp(base + len - 3, ".gz") == 0)
		len -= 3;
	(void)snprintf(name, sizeof(name), "%.*s", (int)len, base);
	if (!h->conf->state_dir ||
	    store_open_reader(&store, h->conf->state_dir, &(struct err){0}) < 0)
		return 0;
	int rc = store_headers(store, h->source->name, name, header_borrow, ret);
	(void)store_close(store);
	return rc == -ENOMEM ? rc : 0;
}

int catalog_rows(const struct conf *conf, const struct conf_source *source, const char *path,
                 const struct rows_hooks *hooks)
{
	struct headless h = {conf, source, path};
	const struct rows_headless headless = {find_header, &h};
	const struct reader_conf reader = {conf->record_max, &source->record_fields,
	                                   conf->endpoints[source->endpoint].type_field};
	return rows_each(path, &reader, &headless, hooks);
}

bool catalog_wanted(const struct conf_source *source, const struct record *rec, int64_t since_ms,
                    int64_t until_ms)
{
	bool of_type = conf_source_ships(source, rec->fields[0].text);
	bool local;
	int64_t ms;
	if (!of_type || (since_ms == INT64_MIN && until_ms == INT64_MAX))
		return of_type;
	if (!clock_parse(record_get(rec, "timeLogged").text, &ms, &local))
		return true;
	return ms >= since_ms && ms < until_ms;
}
