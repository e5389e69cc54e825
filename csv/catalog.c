#include "csv/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/scope.h"
#include "tailer/follow.h"
#include "tailer/identity.h"

/* One more at the end of a list; NULL when out of memory. */
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

static int add_file(struct catalog *c, const struct conf_source *source, const char *folder,
                    const char *name, bool moved)
{
	struct stat st;
	struct acct_name key;
	scope_free char *path = NULL;
	const struct acct_template t = acct_template(source->acct_file);
	if (!acct_name_parse(&t, name, &key))
		return 0;
	size_t len = strlen(folder);
	const char *slash = len > 0 && folder[len - 1] == '/' ? "" : "/";
	if (asprintf(&path, "%s%s%s", folder, slash, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode)) /* it was moved just now, or is no file */
		return 0;
	struct catalog_file *f = one_more((void **)&c->files, c->nfiles, &c->files_room,
	                                  sizeof(*f));
	if (!f)
		return -ENOMEM;
	*f = (struct catalog_file){
	        .source = source,
	        .key = key,
	        .moved = moved,
	        .dev = st.st_dev,
	        .ino = st.st_ino,
	        .size = (uint64_t)st.st_size,
	        .mtime_ms = (int64_t)st.st_mtim.tv_sec * 1000,
	        .path = path,
	        .name = path + strlen(path) - strlen(name),
	};
	path = NULL;
	c->nfiles++;
	return 0;
}

static int scan(struct catalog *c, const struct conf_source *source, const char *folder, bool moved)
{
	int rc = 0;
	DIR *dir = opendir(folder);
	if (!dir) {
		if (errno == ENOMEM)
			return -ENOMEM;
		if (errno != ENOENT) {
			c->report(folder, strerror(errno));
			c->unreadable++;
		}
		return 0;
	}
	for (const struct dirent *e = readdir(dir); rc == 0 && e; e = readdir(dir))
		rc = add_file(c, source, folder, e->d_name, moved);
	(void)closedir(dir);
	return rc;
}

static int scan_source(struct catalog *c, const struct conf_source *source)
{
	char live[PATH_MAX];
	struct stat here, there;
	const struct acct_template t = acct_template(source->acct_file);
	(void)snprintf(live, sizeof(live), "%.*s", (int)(t.base - source->acct_file),
	               source->acct_file);
	bool same = source->move_to[0] && stat(live, &here) == 0 &&
	            stat(source->move_to, &there) == 0 && here.st_dev == there.st_dev &&
	            here.st_ino == there.st_ino;
	/* The live folder first: what moves in between is seen twice, not never. */
	int rc = same ? 0 : scan(c, source, live, false);
	return rc == 0 && source->move_to[0] ? scan(c, source, source->move_to, true) : rc;
}

/* Seen before it moved, too: where it was is of no use any more. */
static void drop_doubles(struct catalog *c)
{
	size_t n = 0;
	for (size_t i = 0; i < c->nfiles; i++) {
		struct catalog_file *f = &c->files[i];
		bool again = false;
		for (size_t k = 0; !f->moved && !again && k < c->nfiles; k++)
			again = k != i && c->files[k].path && c->files[k].moved &&
			        c->files[k].dev == f->dev && c->files[k].ino == f->ino &&
			        c->files[k].source == f->source;
		if (again)
			free(STEAL(f->path));
	}
	for (size_t i = 0; i < c->nfiles; i++) {
		if (c->files[i].path)
			c->files[n++] = c->files[i];
	}
	c->nfiles = n;
}

static int compare(const void *left, const void *right)
{
	const struct catalog_file *a = left, *b = right;
	int rc = acct_name_compare(&a->key, &b->key);
	if (rc == 0)
		rc = (a->source > b->source) - (a->source < b->source);
	return rc != 0 ? rc : strcmp(a->path, b->path);
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
	char *name = strdup(f->name);
	struct catalog_entry *e = name ? one_more((void **)&c->entries, c->nentries,
	                                          &c->entries_room, sizeof(*e))
	                               : NULL;
	if (!e) {
		free(name);
		return -ENOMEM;
	}
	*e = (struct catalog_entry){.kept = *f, .name = name, .source = load->source};
	e->kept.name = name;
	e->kept.source = load->source->name;
	c->nentries++;
	return 0;
}

int catalog_open(struct catalog *ret, const struct conf *conf, struct store *store,
                 catalog_report_fn *report)
{
	int rc = 0;
	*ret = (struct catalog){.conf = conf, .store = store, .report = report};
	for (size_t i = 0; rc == 0 && i < conf->nsources; i++) {
		struct load load = {ret, &conf->sources[i]};
		rc = scan_source(ret, &conf->sources[i]);
		if (rc == 0 && store)
			rc = store_files(store, conf->sources[i].name, add_entry, &load);
	}
	drop_doubles(ret);
	if (ret->nfiles > 0)
		qsort(ret->files, ret->nfiles, sizeof(*ret->files), compare);
	return rc;
}

void catalog_close(struct catalog *c)
{
	for (size_t i = 0; i < c->nfiles; i++)
		free(c->files[i].path);
	for (size_t i = 0; i < c->nentries; i++)
		free(c->entries[i].name);
	free(c->files);
	free(c->entries);
	*c = (struct catalog){0};
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

/* ---- which entry ---- */

static int holds(const struct mark *mark, void *arg)
{
	return follow_holds(arg, mark);
}

static bool same_inode(const struct catalog_file *f, const struct catalog_entry *e)
{
	return e->kept.ino == f->ino && e->kept.dev == f->dev && e->kept.gz == f->key.gz;
}

/* The columns that were in force stand at its beginning: all there was of it, without a row. */
static bool same_header(struct follow *follow, const char *header, size_t len)
{
	scope_free char *text = malloc(len + 1);
	return text && len > 0 && follow_bytes(follow, 0, len, text) == (ssize_t)len &&
	       memcmp(text, header, len) == 0;
}

/* Nothing in it that was settled could be compared: then the inode must do. */
static bool same_bare(const struct catalog_file *f, const struct catalog_entry *e,
                      struct follow *follow, const struct ledger *ledger, const char *header,
                      size_t header_len)
{
	const struct event_salt *salt = follow_salt(follow);
	bool other = salt->len > 0 && !hash_is_zero(&e->kept.salt) &&
	             !hash_equal(&salt->hash, &e->kept.salt);
	return same_inode(f, e) && !other &&
	       (ledger->committed == 0 || same_header(follow, header, header_len));
}

/* 1 when the file is the entry's, 0 when not, or a negative errno. */
static int belongs(const struct catalog *c, const struct catalog_file *f,
                   const struct catalog_entry *e, struct follow *follow, struct catalog_known *ret)
{
	struct ladder ladder = {0};
	scope_free char *header = NULL;
	size_t header_len;
	uint64_t resume;
	int rc = store_file_get(c->store, e->kept.id, &ladder, &ret->ledger, &header, &header_len);
	if (rc == -ENOENT) /* dropped meanwhile */
		return 0;
	if (rc < 0)
		return rc;
	const struct identity_case question = {
	        .ladder = &ladder,
	        .committed = ret->ledger.committed,
	        .same_inode = same_inode(f, e),
	        .size = f->key.gz ? UINT64_MAX : f->size,
	};
	bool is = false;
	if (ladder.n == 0)
		is = same_bare(f, e, follow, &ret->ledger, header, header_len);
	else
		rc = identity_decide(&question, holds, follow, &resume);
	ret->proved = is || (ladder.n > 0 && rc == IDENTITY_SAME);
	/* One that came back from a crash shorter is known, too, but not as it is now. */
	is = ret->proved || (ladder.n > 0 && rc == IDENTITY_CRASHED);
	if (!is)
		ledger_free(&ret->ledger);
	return rc < 0 ? rc : is;
}

static bool candidate(const struct catalog_file *f, const struct catalog_entry *e,
                      const struct follow *follow)
{
	const struct event_salt *salt = follow_salt(follow);
	return e->source == f->source &&
	       (same_inode(f, e) || (salt->len > 0 && hash_equal(&salt->hash, &e->kept.salt)));
}

static int find(const struct catalog *c, const struct catalog_file *f, struct follow *follow,
                struct catalog_known *ret)
{
	/* The inode first: where two share their first rows, it is that one. */
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < c->nentries; i++) {
			const struct catalog_entry *e = &c->entries[i];
			if (!candidate(f, e, follow) || same_inode(f, e) != (round == 0))
				continue;
			int rc = belongs(c, f, e, follow, ret);
			if (rc == 1)
				ret->entry = e;
			if (rc != 0)
				return rc < 0 ? rc : 0;
		}
	}
	return 0;
}

/* Set whole when nothing stands after what is settled. */
static int ends_there(const struct catalog_file *f, struct follow *follow,
                      struct catalog_known *ret)
{
	char byte;
	if (!ret->entry || !ret->proved || ret->ledger.n > 0)
		return 0;
	if (!f->key.gz) {
		ret->whole = f->size == ret->ledger.committed;
		return 0;
	}
	ssize_t n = follow_bytes(follow, ret->ledger.committed, ret->ledger.committed + 1, &byte);
	ret->whole = n == 0;
	return n < 0 ? (int)n : 0;
}

int catalog_look(const struct catalog *c, const struct catalog_file *f, struct catalog_known *ret)
{
	struct follow *follow;
	*ret = (struct catalog_known){0};
	if (!c->store)
		return 0;
	int fd = open(f->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int rc = follow_open(&follow, fd, f->key.gz, c->conf->record_max + 2);
	if (rc < 0)
		return rc;
	rc = follow_head(follow, true);
	if (rc == 0)
		rc = find(c, f, follow, ret);
	if (rc == 0)
		rc = ends_there(f, follow, ret);
	if (rc == 0 && ret->entry && !follow_whole(follow))
		rc = -EBADMSG;
	(void)follow_close(follow);
	if (rc < 0)
		ledger_free(&ret->ledger);
	return rc;
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

int catalog_rows(const struct conf *conf, const struct conf_source *source, const char *path,
                 const struct rows_hooks *hooks)
{
	const struct reader_conf reader = {conf->record_max, &source->record_fields,
	                                   conf->endpoints[source->endpoint].type_field};
	return rows_each(path, &reader, hooks);
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
