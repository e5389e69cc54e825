#include "csv/backlog.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/gz.h"
#include "base/scope.h"

struct backlog {
	const struct catalog *catalog;
	const struct conf_source *source;
	bool started;                   /* an agent has applied first-start to the source's files */
	bool fresh;                     /* the store does not know its move-to */
	const struct acct_name *oldest; /* of its entries; NULL for none */
	bool blind;                     /* a folder cannot be read: its files are not known */
	struct backlog_file *at;        /* one per file of the catalog; file NULL: not reported */
	const struct catalog_file **owner; /* one per entry: the path that is the entry's file */
};

/* ---- one file ---- */

/* A .gz has its length in its trailer; if that is not the settled offset, the file is read. */
static bool gz_is_settled(const struct catalog_file *f, uint64_t offset)
{
	uint32_t length;
	scope_close int fd = open(f->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 && gz_length_hint(fd, &length) && length == (uint32_t)offset;
}

/* Returns true if name, inode and size are those of the file when nothing was left of it. */
static bool is_as_left(const struct catalog_entry *e)
{
	const struct catalog_file *f = e->file;
	if (!f || e->kept.gone_ms != 0 || acct_name_compare(&f->key, &e->key) != 0)
		return false;
	if (e->kept.passed || f->key.gz)
		return f->size == e->kept.size &&
		       (e->kept.passed || gz_is_settled(f, e->kept.offset));
	return f->size == e->kept.offset;
}

static const struct catalog_entry *at_inode(const struct backlog *b, const struct catalog_file *f)
{
	for (size_t i = 0; i < b->catalog->nentries; i++) {
		if (b->catalog->entries[i].file == f)
			return &b->catalog->entries[i];
	}
	return NULL;
}

/* Returns true if first-start will skip the file, or read only rows that are added later. */
static bool passed_over(const struct backlog *b, const struct catalog_file *f)
{
	enum first_start first = b->catalog->conf->first_start;
	if (b->started)
		return b->fresh && first != FIRST_ALL && f->moved &&
		       (!b->oldest || acct_name_compare(&f->key, b->oldest) < 0);
	return first == FIRST_NOW || (first == FIRST_LIVE && f->moved);
}

static void set_left(struct backlog_file *at, bool gz_whole)
{
	const struct catalog_file *f = at->file;
	at->left = f->size > at->offset ? f->size - at->offset : 0;
	if (f->key.gz) /* an unreadable one waits for the next rescan */
		at->left = gz_whole || at->error != 0 ? 0 : f->size;
	if (at->passed)
		at->left = 0;
}

static int look_into(const struct backlog *b, const struct catalog_file *f, struct backlog_file *at)
{
	struct catalog_known known;
	int rc = catalog_look(b->catalog, f, &known);
	if (rc == -ENOMEM || rc == -EUCLEAN)
		return rc;
	if (rc == -ENOENT) /* it was moved just now */
		return 0;
	*at = (struct backlog_file){.file = f, .entry = known.entry, .offset = known.resume};
	ledger_free(&known.ledger);
	if (rc < 0) {
		at->error = -rc;
		at->entry = at_inode(b, f);
		at->offset = at->entry ? at->entry->kept.offset : 0;
	}
	at->passed = at->entry ? at->entry->kept.passed : passed_over(b, f);
	if (at->passed ||
	    (rc == 0 && known.bare && !f->key.gz)) /* a header needs no acknowledgement */
		at->offset = f->size;
	set_left(at, known.whole || known.bare);
	return 0;
}

static int look_at_files(struct backlog *b)
{
	const struct catalog *c = b->catalog;
	for (size_t i = 0; i < c->nentries; i++) {
		const struct catalog_entry *e = &c->entries[i];
		if (e->source == b->source && is_as_left(e))
			b->at[e->file - c->files] = (struct backlog_file){
			        .file = e->file,
			        .entry = e,
			        .offset = e->kept.offset,
			        .passed = e->kept.passed,
			};
	}
	for (size_t i = 0; i < c->nfiles; i++) {
		if (c->files[i].source != b->source || b->at[i].file)
			continue;
		int rc = look_into(b, &c->files[i], &b->at[i]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ---- several paths of one file ---- */

/* The owner of an entry is the path at its inode, else the first path. */
static void find_owners(struct backlog *b)
{
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < b->catalog->nfiles; i++) {
			const struct backlog_file *at = &b->at[i];
			if (!at->file || !at->entry)
				continue;
			const struct catalog_file **owner =
			        &b->owner[at->entry - b->catalog->entries];
			bool same = catalog_same_inode(at->file, at->entry);
			if (!*owner && (same || round == 1))
				*owner = at->file;
		}
	}
}

/* Returns true for another path of an entry's file, unless it is longer: then it is a new file. */
static bool is_second(const struct backlog *b, const struct backlog_file *at)
{
	if (!at->entry)
		return false;
	const struct catalog_file *owner = b->owner[at->entry - b->catalog->entries];
	bool longer = !at->file->key.gz && !owner->key.gz && at->file->size > owner->size &&
	              catalog_same_inode(owner, at->entry);
	return owner != at->file && (at->passed || !longer);
}

/* ---- missing files ---- */

/* An entry that never had a whole row is most likely the other entry of its name. */
static bool was_another(const struct backlog *b, const struct catalog_entry *e)
{
	for (size_t i = 0; i < b->catalog->nentries && hash_is_zero(&e->kept.salt); i++) {
		const struct catalog_entry *other = &b->catalog->entries[i];
		if (other != e && other->source == e->source &&
		    acct_name_compare(&other->key, &e->key) == 0)
			return true;
	}
	return false;
}

static struct backlog_file missing(const struct backlog *b, const struct catalog_entry *e)
{
	struct backlog_file at = {.entry = e, .offset = e->kept.offset, .passed = e->kept.passed};
	bool unread = !e->kept.passed && !e->kept.gz && e->kept.size > e->kept.offset;
	if (unread && e->kept.gone_ms == 0 && b->blind)
		at.left = e->kept.size - e->kept.offset;
	at.lost = unread && (e->kept.gone_ms != 0 || (!b->blind && !was_another(b, e)));
	return at;
}

/* An entry that never had a row leaves the store when its inode is another file's. */
static bool leaves(const struct catalog_entry *e)
{
	return e->file && !e->kept.passed && hash_is_zero(&e->kept.salt) && e->kept.tally.rows == 0;
}

static bool is_blind(const struct catalog *c, const struct conf_source *s)
{
	char live[PATH_MAX];
	struct stat st;
	conf_source_folder(s, live, sizeof(live));
	bool blind = stat(live, &st) < 0 || (*s->move_to && stat(s->move_to, &st) < 0);
	for (size_t i = 0; i < c->ntroubles; i++)
		blind = blind || c->troubles[i].source == s;
	return blind;
}

/* Returns true if its file is in a place that the source no longer has: uncovered.h. */
static bool is_left(const struct catalog *c, const struct catalog_entry *e)
{
	const struct tail_source now = {.name = e->source->name,
	                                .acct_file = e->source->acct_file,
	                                .move_to = e->source->move_to};
	return e->left ||
	       places_have_file(&c->places, catalog_stored_name(c, e->source), &now, e->name);
}

static void report(const struct backlog *b, backlog_fn *fn, void *arg)
{
	const struct catalog *c = b->catalog;
	for (size_t i = 0; i < c->nfiles; i++) {
		struct backlog_file at = b->at[i];
		if (!at.file || is_second(b, &at))
			continue;
		if (at.entry && b->owner[at.entry - c->entries] != at.file)
			at.entry = NULL;
		fn(&at, arg);
	}
	for (size_t i = 0; i < c->nentries; i++) {
		const struct catalog_entry *e = &c->entries[i];
		if (e->source != b->source || b->owner[i] || is_left(c, e) || leaves(e))
			continue;
		const struct backlog_file at = missing(b, e);
		fn(&at, arg);
	}
}

static void find_oldest(struct backlog *b)
{
	for (size_t i = 0; i < b->catalog->nentries; i++) {
		const struct catalog_entry *e = &b->catalog->entries[i];
		if (e->source == b->source &&
		    (!b->oldest || acct_name_compare(&e->key, b->oldest) < 0))
			b->oldest = &e->key;
	}
}

int backlog_each(const struct catalog *c, const struct conf_source *source, backlog_fn *fn,
                 void *arg)
{
	int64_t started = 0;
	struct backlog b = {.catalog = c, .source = source, .blind = is_blind(c, source)};
	const char *name = catalog_stored_name(c, source);
	int rc = c->store ? store_get(c->store, name, "started", 0, &started) : 0;
	b.started = started != 0;
	b.fresh = *source->move_to && places_fresh(&c->places, name, source->move_to,
	                                           acct_template(source->acct_file).base);
	find_oldest(&b);
	b.at = calloc(c->nfiles + 1, sizeof(*b.at));
	b.owner = calloc(c->nentries + 1, sizeof(*b.owner));
	if (rc == 0)
		rc = b.at && b.owner ? look_at_files(&b) : -ENOMEM;
	if (rc == 0) {
		find_owners(&b);
		report(&b, fn, arg);
	}
	free(b.at);
	free(b.owner);
	return rc;
}
