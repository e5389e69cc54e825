/* From a path to an identity: which file is this, and where does reading continue? */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/scope.h"
#include "tailer/identity.h"
#include "tailer/impl.h"

#define PROVE_AT_ONCE 262144 /* bytes of a plain file: enough, except after a run of NULs */

int resolve_open(struct tail_file *f)
{
	char path[PATH_MAX];
	struct stat st;
	file_path(f, path, sizeof(path));
	/* O_NONBLOCK: a fifo with that name must not stop us; it is refused below. */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return -errno;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_dev != f->dev ||
	    st.st_ino != f->ino) {
		if (fd >= 0)
			(void)close(fd);
		f->source->scan_due = true;
		return LATER;
	}
	f->mtime_s = st.st_mtime;
	file_resize(f, (uint64_t)st.st_size);
	f->opened_ns = file_mtime_ns(&st);
	struct tailer *t = f->source->tailer;
	int rc = follow_open(&f->proving, fd, f->gz, t->conf.line_max);
	f->source->prove_left = PROVE_AT_ONCE;
	if (rc == 0) {
		follow_limit(f->proving, f->gz ? &t->unpack_left : &f->source->prove_left);
		follow_remember(f->proving);
	}
	return rc;
}

int resolve_examine(struct tail_file *f)
{
	/* A row without newline at the end of a file that is finished is a row, here as in lines.c.
	 */
	int rc = follow_head(f->proving, file_is_finished(f) && file_is_at_rest(f));
	if (rc < 0)
		return rc;
	rc = follow_whole(f->proving);
	if (rc <= 0) /* an incomplete one would look like another file */
		return rc < 0 ? rc : -EBADMSG;
	if (f->state == FILE_UNREADABLE)
		file_set_state(f, FILE_FOUND);
	return 0;
}

/*
 * Without a single row nothing can be proved, and no proof is needed: at most a header was
 * committed, and if the file has it, continuing after it loses and repeats nothing.  Returns 1, 0
 * or -EAGAIN.
 */
static int same_header(struct follow *follow, const struct open_file *o)
{
	char text[EVENT_LINE_MAX];
	if (o->ledger.committed == 0)
		return 1;
	if (o->header_len == 0 || o->header_len > sizeof(text) ||
	    o->header[o->header_len - 1] == '\n') /* another file's */
		return 0;
	ssize_t n = follow_bytes(follow, 0, o->header_len, text);
	if (n == -EAGAIN)
		return -EAGAIN;
	return n == (ssize_t)o->header_len && memcmp(text, o->header, o->header_len) == 0;
}

/*
 * Compares the first rows.  If one of the two has no row yet, the name decides: an inode found
 * under another name may have been reused.
 */
static bool same_salt(const struct tail_file *f, const struct follow *follow)
{
	const struct event_salt *salt = follow_salt(follow);
	if (hash_is_zero(&f->salt) || salt->len == 0)
		return !f->proved_name;
	return hash_equal(&f->salt, &salt->hash);
}

/* Returns true if both first rows are known and are not the same. */
static bool other_salt(const struct tail_file *f, const struct follow *follow)
{
	const struct event_salt *salt = follow_salt(follow);
	return !hash_is_zero(&f->salt) && salt->len > 0 && !hash_equal(&f->salt, &salt->hash);
}

/*
 * Returns an enum identity for the bytes in o at f's inode.  *ret_resume: identity_decide().
 * rests: no more bytes are expected.
 */
static int decide(const struct tail_file *f, const struct open_file *o, bool same_salt, bool rests,
                  uint64_t *ret_resume)
{
	int same_head = o->ladder.n == 0 && same_salt ? same_header(o->follow, o) : 0;
	if (same_head < 0)
		return same_head;
	const struct identity_case c = {
	        .ladder = &o->ladder,
	        .committed = o->ledger.committed,
	        .same_inode = true,
	        .size = file_known_size(f),
	        .same_head = same_head,
	        .rests = rests || other_salt(f, o->follow),
	};
	int rc = identity_decide(&c, open_file_holds, o->follow, ret_resume);
	/* Nothing is proved, and the name is another: the inode was reused. */
	return rc == IDENTITY_COPYING && *ret_resume == 0 && f->proved_name ? IDENTITY_NEW : rc;
}

/* Something empties or rewrites the file, perhaps with the same rows. */
static void wait_for_rest(struct tail_file *f, uint64_t committed)
{
	if (file_wait(f))
		tail_note(f->source->tailer, TAIL_WARNING,
		          "\"%s\" has %llu bytes, fewer than the %llu that were delivered: waiting "
		          "for the rest until it is unchanged for %d s",
		          f->name, (unsigned long long)f->size, (unsigned long long)committed,
		          IDENTITY_REST_MS / 1000);
}

void resolve_goes_on(struct tail_file *f)
{
	if (f->waits_ms == 0)
		return;
	f->waits_ms = 0;
	tail_note(f->source->tailer, TAIL_INFO,
	          "\"%s\" has its rows again: continuing at byte %llu", f->name,
	          (unsigned long long)tail_file_committed(f));
}

/* Continues f in o: at the committed offset, or after the last row that a crash has left. */
static void go_on(struct tail_file *f, struct open_file *o, int decided, uint64_t resume)
{
	struct source *s = f->source;
	if (decided == IDENTITY_CRASHED) {
		tail_note(
		        s->tailer, TAIL_WARNING,
		        "\"%s\" lost its end (host crash?): delivered up to byte %llu, continuing "
		        "after the last remaining row, at byte %llu; rows between may be delivered "
		        "again with the same eventId",
		        f->name, (unsigned long long)o->ledger.committed,
		        (unsigned long long)resume);
		s->counters.crashes++;
		s->counters_dirty = true;
		f->id = s->tailer->next_id++; /* the rows that were cut off stay known */
		ladder_cut(&o->ladder, resume);
		ledger_reset(&o->ledger, resume);
	} else if (decided == IDENTITY_SAME) {
		resolve_goes_on(f);
	}
	file_set_open(f, o);
}

/* Returns true if no row of f was read: its entry says nothing. */
static bool has_no_row(const struct tail_file *f)
{
	return hash_is_zero(&f->salt) && f->tally.rows == 0 && f->state != FILE_SKIPPED;
}

/* Keeps the entry of an identity whose file no longer exists. */
static struct tail_file *ghost_of(const struct tail_file *f)
{
	const char *name = f->proved_name ? f->proved_name : f->name;
	struct acct_name key = f->key;
	(void)acct_name_parse(&f->source->template, name, &key);
	key.gz = false; /* the name does not include ".gz" */
	struct tail_file *ghost = file_new(f->source, name, &key);
	if (!ghost)
		return NULL;
	ghost->id = f->id;
	ghost->gz = f->gz;
	/* f->size is the size of the new contents.  Rows still in flight are not lost. */
	ghost->size = f->stored_size > f->offset && !f->gz ? f->stored_size : f->offset;
	ghost->salt = f->salt;
	ghost->offset = f->offset;
	ghost->tally = f->tally;
	ghost->saved_size = f->saved_size;
	ghost->lost_to = f->lost_to;
	/* Another path may still have it; if not, it is lost, which is reported then. */
	ghost->missing = 1;
	ghost->dir = -1;
	if (file_mark_changed(ghost, has_no_row(f) ? CHANGED_EXPIRED : CHANGED_ENTRY) < 0) {
		file_free(ghost);
		return NULL;
	}
	return ghost;
}

int resolve_forsake(struct tail_file *f, struct tail_file **ret_ghost)
{
	*ret_ghost = NULL;
	if (file_stored(f)) {
		struct tail_file *ghost = ghost_of(f);
		if (!ghost)
			return -ENOMEM;
		*ret_ghost = ghost;
	}
	file_hand_others(f, *ret_ghost);
	if (*ret_ghost)
		file_wake_others(*ret_ghost, false);
	f->id = 0;
	f->offset = f->stored_size = f->lost_to = 0;
	f->settled_ns = 0;
	f->saved_size = NOT_STORED;
	f->salt = (struct hash128){{0}};
	f->tally = (struct tally){0};
	file_set_state(f, FILE_FOUND);
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

/*
 * The inode is known but its bytes are not: the file was rewritten, or the inode was reused by a
 * new file or by another path of a known file.
 */
static int resolve_again(struct tail_file *f, struct open_file *o, int decided)
{
	struct tail_file *ghost;
	bool rewritten = decided == IDENTITY_NEW && !f->proved_name;
	o->follow = NULL;
	(void)open_file_free(o);
	int rc = resolve_forsake(f, &ghost);
	if (rc < 0)
		return rc;
	rc = resolve_new(f);
	if (f->open && rewritten)
		note_rewritten(f);
	return rc;
}

/* Returns true if f had no row, and now begins like another file: it may be that file. */
static bool was_empty(const struct tail_file *f, const struct open_file *o)
{
	const struct event_salt *salt = follow_salt(o->follow);
	return has_no_row(f) && salt->len > 0 && o->ladder.n == 0 && o->ledger.n == 0 &&
	       files_begin_so(f, salt);
}

/*
 * Returns 1 if f is rather another file that begins alike: its inode was reused, or other bytes
 * were written into it; 0 if not, or a negative errno.
 */
static int is_reused(const struct tail_file *f, const struct open_file *o, int decided,
                     uint64_t resume)
{
	if (decided == IDENTITY_CRASHED)
		return f->proved_name ? 1 : resolve_another_proves(f, resume);
	const uint64_t committed = o->ledger.committed;
	if (decided != IDENTITY_SAME || f->gz || f->size <= committed || o->ladder.n == 0)
		return 0;
	return resolve_another_proves(f, committed + 1);
}

/* Resolves f, which has an entry, and whose path leads to the inode of that entry. */
static int resolve_known(struct tail_file *f)
{
	uint64_t resume;
	struct tail_file *ghost;
	struct open_file *o = open_file_load(f);
	if (!o)
		return LATER;
	o->follow = f->proving;
	int decided = decide(f, o, same_salt(f, o->follow), file_waits_no_longer(f), &resume);
	int reused = is_reused(f, o, decided, resume);
	if (reused < 0)
		decided = reused;
	if (decided == IDENTITY_NEW || (decided == IDENTITY_SAME && was_empty(f, o)) || reused > 0)
		return resolve_again(f, o, decided);
	int rc = decided < 0 ? decided : files_reserve(f->source->tailer);
	if (rc == 0 && decided == IDENTITY_COPYING) {
		wait_for_rest(f, o->ledger.committed);
		file_set_state(f, FILE_COPYING);
	}
	if (rc == 0 && decided == IDENTITY_CRASHED)
		rc = resolve_forsake(f, &ghost);
	if (rc < 0 || decided == IDENTITY_COPYING) {
		o->follow = NULL;
		(void)open_file_free(o);
		return rc;
	}
	f->proving = NULL;
	go_on(f, o, decided, resume);
	if (decided == IDENTITY_CRASHED)
		(void)!file_mark_changed(f, CHANGED_POSITION);
	return 0;
}

void resolve_put_off(struct tail_file *f, int rc)
{
	if (rc != -EAGAIN) {
		f->proving = follow_close(f->proving);
	} else if (!f->gz) {
		follow_limit(f->proving, &f->source->tailer->unpack_left);
		follow_remember(f->proving);
	}
}

bool resolve(struct tail_file *f)
{
	int rc = f->proving ? 0 : resolve_open(f);
	if (rc == 0)
		rc = resolve_examine(f);
	if (rc == 0)
		rc = f->id != 0 ? resolve_known(f) : resolve_new(f);
	resolve_put_off(f, rc);
	if (rc < 0 && rc != -EAGAIN)
		file_unreadable(f, rc);
	if (f->open)
		return true;
	file_unmark_todo(f);
	if (f->proving)
		(void)!file_mark_todo(f); /* apart from those that are ready; else a scan does it */
	return false;
}

/* Makes a second file object for the path of f, on the same open file, for reading. */
static struct tail_file *twin(struct tail_file *f)
{
	struct tail_file *g = file_new(f->source, f->name, &f->key);
	if (!g)
		return NULL;
	g->gz = f->gz;
	g->dir = f->dir;
	file_set_inode(g, f->dev, f->ino);
	g->size = f->size;
	g->id = f->id;
	g->salt = f->salt;
	g->tally = f->tally;
	g->saved_size = f->saved_size;
	g->offset = f->offset;
	g->lost_to = f->lost_to;
	g->seen = f->seen;
	g->missing = f->missing;
	g->resized_ms = f->resized_ms;
	g->waits_ms = f->waits_ms;
	g->open = open_file_load(f);
	int fd = dup(follow_fd(f->open->follow));
	struct stat st;
	if (fd >= 0 && fstat(fd, &st) == 0) {
		g->size = (uint64_t)st.st_size;
		g->mtime_s = f->mtime_s = st.st_mtime;
	}
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
 * Nothing of f is left in it: from here on it is another file.  part: the proofs of its rows that
 * are known from elsewhere; NULL: it is read from byte 0.
 */
static struct open_file *begin_anew(struct tail_file *f, struct open_file *o,
                                    struct open_file *part)
{
	note_rewritten(f);
	f->id = f->source->tailer->next_id++;
	if (part) {
		part->follow = STEAL(o->follow);
		(void)open_file_free(o);
		return part;
	}
	ledger_reset(&o->ledger, 0);
	o->ladder.n = 0;
	free(STEAL(o->header));
	o->header_len = 0;
	return o;
}

/*
 * Acknowledgements still to come for the old contents count, but move no position.  heir (or NULL)
 * has the identity of f from here on.
 */
static void retire(struct tail_file *f, struct tail_file *heir)
{
	file_hand_others(f, heir);
	if (heir)
		file_wake_others(heir, false);
	if (f->refs > 0)
		file_orphan(f, heir);
	else
		file_free(f);
}

int resolve_changed(struct tail_file *f)
{
	struct tail_file *ghost = NULL;
	struct open_file *part = NULL;
	uint64_t resume;
	struct tail_file *g = twin(f);
	if (!g)
		return -ENOMEM;
	int decided = decide(g, g->open, true, file_waits_no_longer(f), &resume);
	if (decided == IDENTITY_COPYING) {
		file_resize(f, g->size);
		wait_for_rest(f, g->open->ledger.committed);
		file_free(g);
		return LATER;
	}
	int rc = decided < 0 ? decided : files_reserve(f->source->tailer);
	uint64_t proved = decided == IDENTITY_NEW       ? 0
	                  : decided == IDENTITY_CRASHED ? resume
	                                                : g->open->ledger.committed;
	g->proving = g->open->follow;
	if (rc == 0)
		rc = resolve_part_of(g, proved, &part);
	g->proving = NULL;
	if (rc == LATER && decided == IDENTITY_NEW) {
		(void)file_wait(f);
		file_free(g);
		return LATER;
	}
	rc = rc == LATER ? 0 : rc;
	if (part) /* it is rather the file that proves more of it */
		decided = IDENTITY_NEW;
	if (rc == 0 && decided != IDENTITY_SAME)
		rc = resolve_forsake(g, &ghost);
	if (rc < 0) {
		(void)open_file_free(part);
		file_free(g);
		return rc;
	}
	/* Nothing can fail from here on. */
	struct open_file *o = STEAL(g->open);
	if (decided == IDENTITY_NEW)
		o = begin_anew(g, o, part);
	go_on(g, o, decided, resume);
	(void)!file_mark_changed(g, CHANGED_POSITION); /* f's may not be saved yet */
	retire(f, decided == IDENTITY_SAME ? g : ghost);
	return 0;
}
