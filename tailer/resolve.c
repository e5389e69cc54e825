/* A path to an identity: which file is this, and where does reading go on? */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/scope.h"
#include "base/utf8.h"
#include "tailer/identity.h"
#include "tailer/impl.h"

static int unreadable(struct tail_file *f, int rc)
{
	file_unreadable(f, rc);
	return RESOLVED_WAIT;
}

/* Open the path and check that it is still the inode the scan saw.  RESOLVED_READ when it is. */
static int open_path(struct tail_file *f, struct follow **ret)
{
	char path[PATH_MAX];
	struct stat st;
	file_path(f, path, sizeof(path));
	/* O_NONBLOCK: a fifo with that name must not stop us; it is refused below. */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		f->source->scan_due = true;
		return RESOLVED_GONE;
	}
	if (fd < 0)
		return unreadable(f, -errno);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_dev != f->dev ||
	    st.st_ino != f->ino) {
		(void)close(fd);
		f->source->scan_due = true;
		return RESOLVED_GONE;
	}
	f->size = (uint64_t)st.st_size;
	struct follow *follow;
	int rc = follow_open(&follow, fd, f->gz, f->source->tailer->conf.line_max);
	if (rc < 0)
		return unreadable(f, rc);
	rc = follow_head(follow, false);
	if (rc == 0 && !follow_whole(follow)) /* what is missing would look like another file */
		rc = -EBADMSG;
	if (rc < 0) {
		(void)follow_close(follow);
		return unreadable(f, rc);
	}
	f->unreadable = false;
	*ret = follow;
	return RESOLVED_READ;
}

/*
 * Without a single row nothing can be proved, and nothing needs to be: what was committed is at
 * most a header, and if that stands there now, going on behind it loses and repeats nothing.
 */
static bool same_header(struct follow *follow, const struct open_file *o)
{
	char text[EVENT_LINE_MAX];
	if (o->ledger.committed == 0)
		return true;
	if (o->header_len == 0 || o->header_len > sizeof(text))
		return false;
	return follow_bytes(follow, 0, o->header_len, text) == (ssize_t)o->header_len &&
	       memcmp(text, o->header, o->header_len) == 0;
}

/*
 * As far as the first row tells.  Where one of them has none yet, the name tells: an inode found
 * under another name may be used again.
 */
static bool same_salt(const struct tail_file *f, const struct follow *follow)
{
	const struct event_salt *salt = follow_salt(follow);
	if (hash_is_zero(&f->salt) || salt->len == 0)
		return !f->proved_name;
	return hash_equal(&f->salt, &salt->hash);
}

/* The file came back from a crash shorter than we know it. */
static int resume_crashed(struct tail_file *f, struct open_file *o, uint64_t resume)
{
	struct source *s = f->source;
	tail_note(
	        s->tailer, TAIL_WARNING,
	        "\"%s\" lost its end (host crash?): delivered up to byte %llu, going on after the "
	        "last row that is still there, at byte %llu; rows between may be delivered again "
	        "under the same eventId",
	        f->name, (unsigned long long)o->ledger.committed, (unsigned long long)resume);
	s->counters.crashes++;
	s->counters_dirty = true;
	ladder_cut(&o->ladder, resume);
	ledger_reset(&o->ledger, resume);
	open_file_attach(o, f);
	int rc = file_mark_changed(f, CHANGED_POSITION);
	return rc < 0 ? rc : RESOLVED_READ;
}

/* Keep the entry of an identity whose file is no longer there. */
static struct tail_file *ghost_of(const struct tail_file *f)
{
	const char *name = f->proved_name ? f->proved_name : f->name;
	struct acct_name key = f->key;
	(void)acct_name_parse(&f->source->template, name, &key);
	key.gz = false; /* in the name there is no ".gz" */
	struct tail_file *ghost = file_new(f->source, name, &key);
	if (!ghost)
		return NULL;
	ghost->id = f->id;
	ghost->gz = f->gz;
	/* f->size is that of the new contents.  What is still in flight is not lost. */
	ghost->size = f->stored_size > f->offset && !f->gz ? f->stored_size : f->offset;
	ghost->salt = f->salt;
	ghost->offset = f->offset;
	ghost->tally = f->tally;
	ghost->stored = f->stored;
	/* Another path may show it yet; if none does, it is gone, and that is said then. */
	ghost->missing = 1;
	ghost->dir = -1;
	if (file_mark_changed(ghost, CHANGED_ENTRY) < 0) {
		file_free(ghost);
		return NULL;
	}
	return ghost;
}

int resolve_forsake(struct tail_file *f, struct tail_file **ret_ghost)
{
	*ret_ghost = NULL;
	if (f->stored) {
		struct tail_file *ghost = ghost_of(f);
		if (!ghost)
			return -ENOMEM;
		*ret_ghost = ghost;
	}
	file_hand_aliases(f, *ret_ghost);
	f->id = 0;
	f->offset = f->stored_size = 0;
	f->salt = (struct hash128){{0}};
	f->tally = (struct tally){0};
	f->stored = false;
	free(STEAL(f->proved_name));
	return 0;
}

static void note_rewritten(struct tail_file *f)
{
	tail_note(f->source->tailer, TAIL_WARNING,
	          "\"%s\" was truncated or rewritten: reading it from its beginning", f->name);
	f->source->counters.truncations++;
	f->source->counters_dirty = true;
}

/* Nothing of what we know of f is in it: from here on it is another file, read from byte 0. */
static int begin_anew(struct tail_file *f, struct open_file *o, struct tail_file **ret_ghost)
{
	note_rewritten(f);
	int rc = resolve_forsake(f, ret_ghost);
	if (rc < 0)
		return rc;
	f->id = f->source->tailer->next_id++;
	ledger_reset(&o->ledger, 0);
	o->ladder.n = 0;
	free(STEAL(o->header));
	o->header_len = 0;
	open_file_attach(o, f);
	return RESOLVED_READ;
}

/*
 * The inode is known and its bytes are not: the file was rewritten, or the inode is used again, by
 * a new file or by another path of one that is known.
 */
static int resolve_again(struct tail_file *f, struct open_file *o)
{
	struct tail_file *ghost;
	struct follow *follow = STEAL(o->follow);
	bool renamed = f->proved_name != NULL;
	(void)open_file_free(o);
	int rc = resolve_forsake(f, &ghost);
	if (rc < 0) {
		(void)follow_close(follow);
		return rc;
	}
	rc = resolve_new(f, follow);
	if (rc == RESOLVED_READ && !renamed)
		note_rewritten(f);
	return rc;
}

/* f has an entry, and its path leads to the inode of that entry. */
static int resolve_known(struct tail_file *f, struct follow *follow)
{
	struct open_file *o = open_file_load(f);
	if (!o) {
		(void)follow_close(follow);
		return RESOLVED_WAIT;
	}
	o->follow = follow;
	const struct identity_case c = {&o->ladder, o->ledger.committed, true, file_known_size(f)};
	uint64_t resume;
	int decided = IDENTITY_SAME;
	if (o->ladder.n > 0 || !same_salt(f, follow) || !same_header(follow, o))
		decided = identity_decide(&c, open_file_holds, follow, &resume);
	switch (decided) {
	case IDENTITY_SAME:
		open_file_attach(o, f);
		return RESOLVED_READ;
	case IDENTITY_CRASHED:
		return resume_crashed(f, o, resume);
	case IDENTITY_NEW:
		return resolve_again(f, o);
	default: /* the bytes cannot be read: an inode that we know is no copy */
		(void)open_file_free(o);
		return decided < 0 ? decided : RESOLVED_WAIT;
	}
}

int resolve(struct tail_file *f)
{
	struct follow *follow;
	int rc = open_path(f, &follow);
	if (rc != RESOLVED_READ)
		return rc;
	rc = f->id != 0 ? resolve_known(f, follow) : resolve_new(f, follow);
	return rc < 0 ? unreadable(f, rc) : rc;
}

/* A second file object for the path of f, on the same open file, to be read. */
static struct tail_file *twin(struct tail_file *f)
{
	struct tail_file *g = file_new(f->source, f->name, &f->key);
	if (!g)
		return NULL;
	g->gz = f->gz;
	g->dir = f->dir;
	g->dev = f->dev;
	g->ino = f->ino;
	g->size = f->size;
	g->id = f->id;
	g->salt = f->salt;
	g->tally = f->tally;
	g->stored = f->stored;
	g->offset = f->offset;
	g->seen = f->seen;
	g->missing = f->missing;
	g->still_size = UINT64_MAX;
	g->open = calloc(1, sizeof(*g->open));
	int fd = dup(follow_fd(f->open->follow));
	struct stat st;
	if (fd >= 0 && fstat(fd, &st) == 0)
		g->size = (uint64_t)st.st_size;
	if (!g->open && fd >= 0)
		(void)close(fd);
	if (!g->open || fd < 0 ||
	    follow_open(&g->open->follow, fd, f->gz, f->source->tailer->conf.line_max) < 0 ||
	    follow_head(g->open->follow, false) < 0 || file_mark_todo(g) < 0) {
		file_free(g);
		return NULL;
	}
	return g;
}

/*
 * Acknowledgements still under way for the old contents count, but move no position.  There is room
 * among the orphans.
 */
static void retire(struct tail_file *f, struct tail_file *heir)
{
	f->alias_of = heir;
	if (f->refs > 0)
		(void)!file_orphan(f);
	else
		file_free(f);
}

int resolve_changed(struct tail_file *f)
{
	struct tailer *t = f->source->tailer;
	/* All that can fail comes before anything changes hands. */
	if (list_grow(&t->orphans, t->norphans, &t->orphans_room) < 0)
		return -ENOMEM;
	struct tail_file *g = twin(f);
	if (!g)
		return -ENOMEM;
	struct open_file *o = STEAL(g->open);
	o->ladder = f->open->ladder;
	o->ledger.committed = f->open->ledger.committed;
	o->header = f->open->header;
	o->header_len = f->open->header_len;
	f->open->header = NULL;
	const struct identity_case c = {&o->ladder, o->ledger.committed, true, file_known_size(g)};
	uint64_t resume;
	int decided = identity_decide(&c, open_file_holds, o->follow, &resume);
	if (decided == IDENTITY_NEW && o->ladder.n == 0 && same_header(o->follow, o))
		decided = IDENTITY_SAME;
	struct tail_file *heir = g;
	int rc = decided;
	if (decided == IDENTITY_SAME) {
		open_file_attach(o, g);
		rc = file_mark_changed(g, CHANGED_POSITION); /* f's may not be saved yet */
	} else if (decided == IDENTITY_CRASHED) {
		rc = resume_crashed(g, o, resume);
	} else if (decided >= 0) {
		rc = begin_anew(g, o, &heir);
	}
	if (rc < 0)
		f->open->header = STEAL(o->header); /* f goes on as it was */
	if (!g->open)
		(void)open_file_free(o);
	if (rc < 0) {
		file_free(g);
		return rc;
	}
	retire(f, heir);
	return 0;
}

/* The header line of a file that is not read from its beginning. */
static void note_header(struct tail_file *f, struct open_file *o)
{
	char head[EVENT_LINE_MAX];
	ssize_t n = follow_bytes(o->follow, 0, sizeof(head), head);
	const char *newline = n > 0 ? memchr(head, '\n', (size_t)n) : NULL;
	if (!newline)
		return;
	size_t len = event_trim(head, (size_t)(newline + 1 - head));
	size_t mark = utf8_bom(head, len);
	if (!event_is_header(head, len))
		return;
	o->header = strndup(head + mark, len - mark);
	o->header_len = o->header ? len - mark : 0;
	if (f->offset == 0)
		f->offset = (uint64_t)(newline + 1 - head);
}

int resolve_pass(struct tail_file *f, bool whole)
{
	f->id = f->source->tailer->next_id++;
	f->passed = whole;
	struct open_file *o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	struct mark last;
	if (open_path(f, &o->follow) == RESOLVED_READ) {
		f->salt = follow_salt(o->follow)->hash;
		if (!f->gz && follow_last_line(o->follow, f->size, &last) == 1) {
			ladder_push(&o->ladder, &last);
			f->offset = last.end;
		}
		note_header(f, o);
	}
	if (whole)
		f->offset = f->size;
	o->ledger.committed = f->offset;
	const struct store_file e = file_entry(f);
	int rc = store_file_put(f->source->tailer->conf.store, &e, &o->ladder, &o->ledger,
	                        o->header ? (struct slice){o->header, o->header_len} : SLICE_EMPTY);
	(void)open_file_free(o);
	f->stored = rc == 0;
	f->verified = true;
	return rc;
}
