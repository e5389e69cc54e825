/* clang-format off */
/*
 * Which entry of the sincedb belongs to which file, and what to do with files that have none.
 *
 *   the entry says                    the file here                    they are
 *   same device, inode and name       -                                the same
 *   same device and inode, no path    -                                the same
 *   same device and inode, bare name  dated                            the same, moved since
 *   same device and inode             another dated name               unrelated: the inode was reused
 *   same inode and dated name         another device number            the same, after a restart
 *   same dated name                   .gz, or moved to another device  the same rows
 *   same dated name                   anything else                    a position that does not fit
 *
 * A dated name is used once; the bare name belongs to another file after each move.
 */
/* clang-format on */
#include "logstash/positions.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/utf8.h"

/* ---- which entry belongs to it ---- */

static bool ends_in_gz(const char *name)
{
	size_t len = strlen(name);
	return len > 3 && strcmp(name + len - 3, ".gz") == 0;
}

/* Compares with the name on disk, without .gz. */
static bool same_name(const struct position_file *f, const char *name)
{
	size_t len = (size_t)f->file->plain_len;
	return strncmp(f->file->name, name, len) == 0 &&
	       (name[len] == '\0' || strcmp(name + len, ".gz") == 0);
}

static bool is_bare(const struct conf_source *s, const char *name)
{
	const struct acct_template t = acct_template(s->acct_file);
	struct acct_name key;
	return acct_name_parse(&t, name, &key) && key.bare;
}

static bool same_inode(const struct position_file *f, const struct sincedb_entry *e)
{
	const char *name = sincedb_name(e);
	if (e->ino != f->file->ino || !sincedb_on_device(e, f->file->dev))
		return false;
	return *name == '\0' || same_name(f, name) || is_bare(f->file->source, name);
}

/* Returns true if the path is in a directory of the source, perhaps under another name. */
static bool in_folder(const struct sincedb_entry *e, const char *folder)
{
	struct stat a, b;
	char dir[PATH_MAX];
	size_t len = (size_t)(sincedb_name(e) - e->path);
	if (len == 0 || len > sizeof(dir))
		return false;
	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(len - (len > 1)), e->path);
	len = strlen(folder);
	while (len > 1 && folder[len - 1] == '/')
		len--;
	if (strlen(dir) == len && strncmp(dir, folder, len) == 0)
		return true;
	return stat(dir, &a) == 0 && stat(folder, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* Returns true if the entry belongs to a file of the source, wherever that file is now. */
static bool of_source(const struct sincedb_entry *e, const struct conf_source *s,
                      struct acct_name *ret_key)
{
	const struct acct_template t = acct_template(s->acct_file);
	char live[PATH_MAX];
	conf_source_folder(s, live, sizeof(live));
	return acct_name_parse(&t, sincedb_name(e), ret_key) &&
	       (in_folder(e, live) || (*s->move_to && in_folder(e, s->move_to)));
}

/* Matches a file on another device, a compressed one, or one seen before a restart. */
static bool same_by_name(const struct position_file *f, const struct sincedb_entry *e)
{
	struct acct_name key;
	return !f->file->key.bare && same_name(f, sincedb_name(e)) &&
	       !ends_in_gz(sincedb_name(e)) && of_source(e, f->file->source, &key);
}

/* Among several entries, the one read furthest counts: the rows up to there are delivered. */
static void match_inode(struct position_file *f, const struct sincedb *db)
{
	for (size_t i = 0; i < db->n; i++) {
		const struct sincedb_entry *e = &db->entries[i];
		if (same_inode(f, e) && (!f->entry || f->entry->offset < e->offset))
			f->entry = e;
	}
}

static void match_name(struct position_file *f, const struct sincedb *db)
{
	for (size_t i = 0; i < db->n; i++) {
		const struct sincedb_entry *e = &db->entries[i];
		if (!same_by_name(f, e) || (f->entry && f->entry->offset >= e->offset))
			continue;
		f->entry = e;
		f->by_name = e->ino != f->file->ino;
	}
}

static int compare(const void *x, const void *y)
{
	const struct position_file *a = x, *b = y;
	if (a->file->source != b->file->source)
		return a->file->source < b->file->source ? -1 : 1;
	int order = acct_name_compare(&a->file->key, &b->file->key);
	if (order != 0)
		return order;
	if (!a->entry != !b->entry)
		return a->entry ? -1 : 1;
	if (a->by_name != b->by_name)
		return a->by_name - b->by_name;
	return a->file->moved - b->file->moved;
}

/* ---- what to do with it ---- */

static void decide(struct position_file *f, enum position_fit fit, const char *why)
{
	f->fit = fit;
	(void)snprintf(f->why, sizeof(f->why), "%s", why);
}

/* The same name but another inode, and neither compressed nor on another device. */
static bool replaced(const struct position_file *f)
{
	return f->by_name && !f->file->key.gz &&
	       (!f->file->moved || sincedb_on_device(f->entry, f->file->dev));
}

static int decide_named(const struct conf *conf, struct position_file *f)
{
	if (replaced(f)) {
		f->misfit = true;
		decide(f, POSITION_WHOLE,
		       "Logstash read another file of this name (another inode on the same "
		       "device): read from its beginning; rows that it has delivered are sent "
		       "again");
		return 0;
	}
	if (!ends_in_gz(sincedb_name(f->entry)))
		return position_fit_read(conf, f);
	/* For a .gz, Logstash counts the compressed bytes, and all of them at once. */
	f->misfit = f->entry->offset != f->file->size;
	if (f->misfit)
		decide(f, POSITION_WHOLE,
		       "the position does not fit (Logstash has not finished this .gz): read from "
		       "its beginning; rows that Logstash has delivered are sent again");
	else
		decide(f, POSITION_PASS, "read to its end by Logstash");
	return 0;
}

struct span {
	bool known; /* the oldest file is known */
	bool any;   /* at least one entry belongs to the source */
	struct acct_name oldest;
};

static void widen(struct span *span, const struct acct_name *key)
{
	if (!span->known || acct_name_compare(key, &span->oldest) < 0)
		span->oldest = *key;
	span->known = span->any = true;
}

/* The oldest file that Logstash has read, as far as the entries show it. */
static struct span span_of(const struct positions *im, size_t first, size_t end,
                           const struct conf_source *s, const struct sincedb *db)
{
	struct span span = {0};
	struct acct_name key;
	for (size_t i = first; i < end; i++) {
		const struct position_file *f = &im->files[i];
		/* A misfit under the bare name is a later file with the same inode. */
		if (f->entry && !(f->file->key.bare && f->misfit))
			widen(&span, &f->file->key);
	}
	for (size_t i = 0; i < db->n; i++) {
		if (!of_source(&db->entries[i], s, &key))
			continue;
		span.any = true;
		if (!key.bare)
			widen(&span, &key);
	}
	return span;
}

static void decide_unnamed(struct position_file *f, const struct span *span)
{
	if (acct_name_compare(&f->file->key, &span->oldest) < 0)
		decide(f, POSITION_PASS,
		       "not in the sincedb and older than the oldest file there: passed over");
	else
		decide(f, POSITION_WHOLE, "not in the sincedb: read from its beginning");
}

static int cannot_read(const struct position_file *f, int rc, struct err *err)
{
	return err_set(err, rc, "read \"%s\": %s; nothing was imported", f->file->path,
	               strerror(-rc));
}

/* Logstash has never read this source: first-start decides, as in a start without a sincedb. */
static int decide_first(const struct conf *conf, struct position_file *f)
{
	if (conf->first_start == FIRST_ALL ||
	    (conf->first_start == FIRST_LIVE && !f->file->moved)) {
		decide(f, POSITION_WHOLE,
		       "a source that Logstash did not read: read from its beginning");
		return 0;
	}
	decide(f, POSITION_PASS,
	       "a source that Logstash did not read: passed over, by first-start");
	if (f->file->moved || f->file->key.gz)
		return 0;
	int rc = position_fit_know(conf, f);
	decide(f, POSITION_GO_ON,
	       "a source that Logstash did not read: read from now on, by first-start");
	f->offset = f->ladder.n > 0 ? f->ladder.rungs[0].end : 0;
	return rc;
}

static int decide_source(struct positions *im, size_t first, size_t end, const struct span *span,
                         struct err *err)
{
	for (size_t i = first; i < end; i++) {
		struct position_file *f = &im->files[i];
		int rc = 0;
		if (f->entry || f->fit == POSITION_NAMESAKE)
			continue;
		if (span->known)
			decide_unnamed(f, span);
		else
			rc = decide_first(im->conf, f);
		/* A file without an entry would be a new file after a move. */
		if (rc == 0 && f->fit == POSITION_PASS)
			rc = position_fit_know(im->conf, f);
		if (rc == -EACCES || rc == -EBADMSG) /* the agent cannot read it either */
			rc = 0;
		if (rc < 0)
			return cannot_read(f, rc, err);
	}
	return 0;
}

/* Two paths with the same name: the agent finds out what the second one is. */
static int settle_named(struct positions *im, size_t first, size_t end, struct err *err)
{
	for (size_t i = first; i < end; i++) {
		struct position_file *f = &im->files[i];
		const struct position_file *before = i > first ? f - 1 : NULL;
		if (before && acct_name_compare(&before->file->key, &f->file->key) == 0 &&
		    (before->entry || before->fit == POSITION_NAMESAKE)) {
			f->entry = NULL;
			decide(f, POSITION_NAMESAKE,
			       "another copy of the previous file: left to the agent");
		} else if (f->entry) {
			int rc = decide_named(im->conf, f);
			if (rc < 0)
				return cannot_read(f, rc, err);
			im->misfits += f->misfit;
		}
	}
	return 0;
}

static int do_source(struct positions *im, const struct conf_source *s, const struct sincedb *db,
                     bool *ret_any, struct err *err)
{
	size_t first = im->n;
	for (size_t i = 0; i < im->catalog.nfiles; i++) {
		if (im->catalog.files[i].source == s)
			im->files[im->n++].file = &im->catalog.files[i];
	}
	for (size_t i = first; i < im->n; i++)
		match_inode(&im->files[i], db);
	for (size_t i = first; i < im->n; i++) {
		if (!im->files[i].entry)
			match_name(&im->files[i], db);
	}
	if (im->n > first)
		qsort(im->files + first, im->n - first, sizeof(*im->files), compare);
	int rc = settle_named(im, first, im->n, err);
	if (rc < 0)
		return rc;
	const struct span span = span_of(im, first, im->n, s, db);
	if (span.any && !span.known)
		return err_set(
		        err, -EEXIST,
		        "source \"%s\": Logstash has read \"%s\", but no file here "
		        "has an inode from the sincedb, so it is unknown where Logstash stopped; "
		        "set first-start, then start 'run'",
		        s->name, s->acct_file);
	*ret_any = *ret_any || span.any;
	return decide_source(im, first, im->n, &span, err);
}

/* A directory that cannot be read may contain any file: then nothing can be decided. */
static int look(struct positions *im, const struct conf *conf, struct err *err)
{
	int rc = catalog_open(&im->catalog, conf, NULL);
	const struct catalog_trouble *t = im->catalog.troubles;
	if (rc == 0)
		im->files = calloc(im->catalog.nfiles + 1, sizeof(*im->files));
	if (rc < 0 || !im->files)
		return err_set(err, -ENOMEM, "look for files: out of memory");
	if (im->catalog.ntroubles == 0)
		return 0;
	return err_set(err, -t->error, "look into folder \"%s\" of source \"%s\": %s", t->path,
	               t->source->name, strerror(t->error));
}

int positions_decide(struct positions *im, const struct conf *conf, const struct sincedb *db,
                     struct err *err)
{
	bool any = false;
	*im = (struct positions){.conf = conf};
	int rc = look(im, conf, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < conf->nsources; i++) {
		rc = do_source(im, &conf->sources[i], db, &any, err);
		if (rc < 0)
			return rc;
	}
	if (!any)
		return err_set(err, -ENOENT,
		               "the sincedb has no entry for files of \"%s\": does it belong to "
		               "another pipeline?",
		               conf->path);
	return 0;
}

void positions_free(struct positions *im)
{
	for (size_t i = 0; i < im->n; i++)
		free(im->files[i].header);
	free(im->files);
	catalog_close(&im->catalog);
	*im = (struct positions){0};
}

void positions_print(const struct positions *im, FILE *out)
{
	for (size_t i = 0; i < im->n; i++) {
		const struct position_file *f = &im->files[i];
		char path[2 * PATH_MAX];
		utf8_printable(f->file->path, strlen(f->file->path), path, sizeof(path));
		(void)fprintf(out, "%s: %s: %s\n", f->file->source->name, path,
		              f->fit == POSITION_READ ? "read to its end by Logstash" : f->why);
	}
}

static int save_file(const struct position_file *f, struct store *store, int64_t id)
{
	char name[NAME_MAX + 1];
	(void)snprintf(name, sizeof(name), "%.*s", f->file->plain_len, f->file->name);
	const bool passed = f->fit == POSITION_PASS;
	const struct store_file e = {
	        .id = id,
	        .source = f->file->source->name,
	        .name = name,
	        .gz = f->file->key.gz,
	        .passed = passed,
	        .dev = f->file->dev,
	        .ino = f->file->ino,
	        .size = f->file->size,
	        .salt = f->salt,
	        .offset = passed ? f->file->size : f->offset,
	};
	struct ledger ledger = {0};
	/* Files without an entry are passed over as older ones, or by first-start. */
	ledger_settling(&ledger, &(struct part){.how = f->entry ? PART_LOGSTASH : PART_PASSED});
	ledger.committed = e.offset;
	return store_file_put(store, &e, &f->ladder, &ledger,
	                      f->header ? (struct slice){f->header, f->header_len} : SLICE_EMPTY);
}

int positions_save(const struct positions *im, struct store *store)
{
	int64_t id = 0;
	int rc = store_last_file(store, &id);
	if (rc == 0)
		rc = store_begin(store);
	if (rc < 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < im->n; i++) {
		const struct position_file *f = &im->files[i];
		if (f->fit != POSITION_WHOLE && f->fit != POSITION_NAMESAKE)
			rc = save_file(f, store, ++id);
	}
	for (size_t i = 0; rc == 0 && i < im->conf->nsources; i++)
		rc = store_put(store, im->conf->sources[i].name, "started", 1);
	if (rc == 0)
		rc = store_commit(store, 0);
	if (rc < 0)
		store_rollback(store);
	return rc;
}
