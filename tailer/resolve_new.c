/* Resolves an unknown path: another path of a known file, a copy, a fork, or a new file. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "tailer/identity.h"
#include "tailer/impl.h"

/* f takes the identity of other, whose own path no longer exists.  o NULL: not to be read. */
static void adopt(struct tail_file *f, struct tail_file *other, struct open_file *o)
{
	f->id = other->id;
	f->tally = other->tally;
	f->saved_size = other->saved_size;
	f->lost_to = other->lost_to;
	if (o) {
		f->source->counters.copies++;
		f->source->counters_dirty = true;
		tail_note(f->source->tailer, TAIL_INFO,
		          "\"%s%s\" is the known file \"%s\"; continuing at byte %llu", f->name,
		          f->gz ? ".gz" : "", other->name, (unsigned long long)o->ledger.committed);
		file_set_open(f, o);
	} else {
		f->salt = other->salt;
		f->offset = other->offset;
		tail_note(
		        f->source->tailer, TAIL_INFO,
		        "\"%s%s\" is the file \"%s\" that first-start passed over: not reading it",
		        f->name, f->gz ? ".gz" : "", other->name);
		file_set_state(f, FILE_SKIPPED);
	}
	file_hand_others(other, f);
	file_free(other);
	(void)!file_mark_changed(f, CHANGED_ENTRY);
}

/* Makes f a separate file that begins with rows of another file; those are not sent again. */
static void fork_of(struct tail_file *f, struct open_file *o, uint64_t resume, bool certain)
{
	if (!certain)
		parts_cut(&o->ledger.parts, 0);
	f->id = f->source->tailer->next_id++;
	ladder_cut(&o->ladder, resume);
	ledger_reset(&o->ledger, resume);
	tail_note(f->source->tailer, TAIL_WARNING,
	          "\"%s\" begins like a known file and differs from byte %llu on: reading it from "
	          "there",
	          f->name, (unsigned long long)resume);
	file_set_open(f, o);
	(void)!file_mark_changed(f, CHANGED_POSITION);
}

static void note_copying(struct tail_file *f, struct tail_file *other)
{
	if (f->state != FILE_COPYING)
		tail_note(f->source->tailer, TAIL_INFO,
		          "\"%s\" begins like a known file that was read further: waiting for the "
		          "rest of the copy",
		          f->name);
	(void)file_wait(f);
	file_set_other(f, FILE_COPYING, other);
}

/* Returns true if no more of a file that is there will be acknowledged, unless it grows. */
static bool is_settled(const struct tail_file *f)
{
	if (!file_is_at_rest(f) || f->todo || f->refs > 0)
		return false;
	/* Half a row at its end may stay there. */
	return f->open ? follow_pos(f->open->follow) == f->open->ledger.committed
	               : f->state == FILE_CLOSED || f->offset >= f->size;
}

/*
 * Sets c->longer if f is longer than other, which exists and may have grown since its last look.
 * Of a .gz only the bytes that were read are known.
 */
static int compare_sizes(const struct tail_file *f, struct tail_file *other,
                         const struct open_file *o, struct relation_case *c)
{
	char byte;
	int rc = other->gz ? 0 : file_look(other);
	uint64_t end = other->gz ? o->ledger.committed : other->size;
	ssize_t n = f->gz ? follow_bytes(o->follow, end, end + 1, &byte) : f->size > end;
	c->longer = n > 0;
	return n < 0 ? (int)n : rc;
}

#define ALIKE_MAX 65536 /* compared while more bytes may come */

/* Opens the path of a file that is not open.  Returns -ENOENT if it leads elsewhere now. */
static int open_other(const struct tail_file *other, struct follow **ret)
{
	char path[PATH_MAX];
	struct stat st;
	file_path(other, path, sizeof(path));
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || st.st_ino != other->ino || st.st_dev != other->dev) {
		(void)close(fd);
		return -ENOENT;
	}
	return follow_open(ret, fd, other->gz, other->source->tailer->conf.line_max);
}

/*
 * Returns 1 or 0 as follow_same() for f and a file that is there, -ENOENT if that is not its file
 * any more, or another negative errno.
 */
static int alike(struct follow *follow, const struct tail_file *other, const struct ladder *proofs,
                 uint64_t limit)
{
	struct follow *own = NULL, *o = other->open ? other->open->follow : NULL;
	int rc = o ? 0 : open_other(other, &own);
	if (rc < 0)
		return rc;
	o = o ? o : own;
	rc = follow_same(follow, o, limit);
	/* Its inode may be reused, or its bytes rewritten, and this is not yet noticed. */
	if (rc == 0 && proofs->n > 0) {
		rc = follow_head(o, false);
		rc = rc < 0 ? rc : follow_holds(o, &proofs->rungs[0]);
		rc = rc < 0 ? rc : rc == 0 ? -ENOENT : 0;
	}
	if (own)
		(void)follow_close(own);
	return rc;
}

/*
 * Compares the bytes of f with those of a file that is there and, as far as its proofs show, may be
 * the same: they differ, or all of f is in that file.
 */
static int compare_bytes(const struct tail_file *f, const struct tail_file *other,
                         const struct open_file *o, struct relation_case *c)
{
	uint64_t limit = c->rests ? UINT64_MAX : ALIKE_MAX;
	int rc = alike(o->follow, other, &o->ladder, limit);
	c->unsure = limit < f->size;
	if (rc == -ENOENT) { /* it moved just now: the scan finds out where */
		other->source->scan_due = true;
		c->unsure = true;
		c->rests = false;
		return 0;
	}
	if (rc < 0)
		return rc;
	c->differs = rc == 0;
	c->within = rc > 0 && c->rests && !f->gz && !other->gz && f->size <= other->size;
	return 0;
}

/* The last row that is proved says nothing of the bytes after it. */
static bool is_beyond(const struct tail_file *f, const struct tail_file *other,
                      const struct open_file *o)
{
	const uint64_t committed = o->ledger.committed;
	return !other->gz && committed < other->size && (f->gz || f->size > committed);
}

/*
 * Returns an enum relation of f to a known file with the same beginning, whose proofs are in o, or
 * a negative errno.  *ret_resume: the end of the bytes that are proved; a fork is read from there.
 */
static int relate(const struct tail_file *f, struct tail_file *other, const struct open_file *o,
                  uint64_t *ret_resume)
{
	const struct ladder *l = &o->ladder;
	struct relation_case c = {
	        .unproved = l->n == 0,
	        .skipped = other->state == FILE_SKIPPED,
	        .there = file_there(other),
	        .settled = is_settled(other),
	        .shorter = !f->gz && !other->gz && f->size < other->size,
	        .rests = file_waits_no_longer(f),
	        .same_name = acct_name_compare(&f->key, &other->key) == 0,
	};
	struct identity_case bytes = {.ladder = l,
	                              /* The offset of a .gz that is not read is its size. */
	                              .committed = c.skipped && other->gz ? 0 : o->ledger.committed,
	                              .size = file_known_size(f)};
	*ret_resume = bytes.committed;
	int identity = identity_decide(&bytes, open_file_holds, o->follow, ret_resume);
	int rc = identity;
	if (rc >= 0 && c.there && rc == IDENTITY_SAME)
		rc = compare_sizes(f, other, o, &c);
	if (rc >= 0 && c.there &&
	    (identity == IDENTITY_COPYING ||
	     (c.unproved ? !c.skipped : identity == IDENTITY_SAME && is_beyond(f, other, o))))
		rc = compare_bytes(f, other, o, &c);
	bytes.rests = c.rests || c.differs;
	if (rc >= 0 && identity == IDENTITY_COPYING && bytes.rests)
		rc = identity = identity_decide(&bytes, open_file_holds, o->follow, ret_resume);
	c.identity = (enum identity)identity;
	if (c.within)
		*ret_resume = f->size < bytes.committed ? f->size : bytes.committed;
	return rc < 0 ? rc : (int)relation_decide(&c);
}

/* Cannot fail: the room is reserved, and o holds all that f will need. */
static void apply(struct tail_file *f, struct tail_file *other, struct open_file *o,
                  enum relation relation, uint64_t resume)
{
	bool read = false;
	switch (relation) {
	case RELATION_HEIR:
		read = other->state != FILE_SKIPPED;
		adopt(f, other, read ? o : NULL);
		break;
	case RELATION_FORK:
		read = true;
		/* The counts of the known file stay there: a rule may have withheld these rows. */
		fork_of(f, o, resume, other->tally.ignored == 0);
		break;
	case RELATION_ALIAS:
		file_set_other(f, FILE_ALIAS, other);
		break;
	default:
		note_copying(f, other);
	}
	if (!read)
		(void)open_file_free(o);
}

/* The known file that a new path fits best, so far. */
struct match {
	struct tail_file *other; /* NULL: none */
	struct open_file *o;     /* of other; without follow */
	enum relation relation;
	uint64_t resume;
};

static int weight(const struct tail_file *f, const struct match *m)
{
	if (m->relation != RELATION_COPYING)
		return 1;
	return !file_there(m->other) && acct_name_compare(&f->key, &m->other->key) == 0 ? 2 : 0;
}

/*
 * Returns true if a fits f better than b: it proves more bytes; or as many and needs no waiting.  A
 * file that was deleted and is being restored has its name again: that is worth waiting.
 */
static bool fits_better(const struct tail_file *f, const struct match *a, const struct match *b)
{
	if (!b->other || a->resume != b->resume)
		return !b->other || a->resume > b->resume;
	return weight(f, a) > weight(f, b);
}

/* Compares f with another file.  Returns 0, LATER or a negative errno. */
static int match_with(const struct tail_file *f, struct tail_file *other, struct match *best)
{
	struct match m = {.other = other, .o = open_file_load(other)};
	if (!m.o)
		return LATER;
	m.o->follow = f->proving;
	int relation = relate(f, other, m.o, &m.resume);
	m.o->follow = NULL;
	m.relation = relation < 0 ? RELATION_NONE : (enum relation)relation;
	if (m.relation == RELATION_NONE || !fits_better(f, &m, best)) {
		(void)open_file_free(m.o);
		return relation < 0 ? relation : 0;
	}
	(void)open_file_free(best->o);
	*best = m;
	return 0;
}

/* Reads f from its beginning: it is not a known file. */
static int begin(struct tail_file *f)
{
	struct tailer *t = f->source->tailer;
	int rc = files_reserve(t);
	struct open_file *o = rc == 0 ? calloc(1, sizeof(*o)) : NULL;
	if (!o)
		return -ENOMEM;
	if (f->state == FILE_COPYING && f->of)
		tail_note(t, TAIL_WARNING,
		          "\"%s\" begins like the known file \"%s\", but nothing proves that it is "
		          "the same: reading it from its beginning",
		          f->name, f->of->name);
	o->follow = STEAL(f->proving);
	f->id = t->next_id++;
	file_set_open(f, o);
	/* The store gets an entry before the first delivery: the file may be deleted by then. */
	return file_mark_changed(f, CHANGED_POSITION);
}

/* Finds the file of f's name that a path without a row may be, or become. */
static struct tail_file *namesake(const struct tail_file *f)
{
	size_t at = NAMESAKES;
	for (struct tail_file *other; (other = file_namesake(f, &at));) {
		if (other->id != 0 && !hash_is_zero(&other->salt) &&
		    (file_present(other) || !file_waits_no_longer(f)))
			return other;
	}
	return NULL;
}

/* Resolves a path without a row: a copy that has just begun, or a file of its own. */
static int resolve_bare(struct tail_file *f)
{
	struct tail_file *other = namesake(f);
	if (!other)
		return begin(f);
	(void)file_wait(f);
	file_set_other(f, FILE_WAITING, other);
	return 0;
}

/*
 * Returns the file of the name of f that is not to be read, has left its path, and whose first row
 * was not read before: a first start was followed at once by gzip.  NULL: none.
 */
static struct tail_file *passed_namesake(const struct tail_file *f)
{
	size_t at = NAMESAKES;
	for (struct tail_file *other; (other = file_namesake(f, &at));) {
		if (other->state == FILE_SKIPPED && hash_is_zero(&other->salt) &&
		    !file_there(other))
			return other;
	}
	return NULL;
}

/* f is what the best match says. */
static int apply_match(struct tail_file *f, struct match *best)
{
	int rc = files_reserve(f->source->tailer);
	/*
	 * A copy that seemed to be finished may have ended with a line without newline, which was
	 * handed out; here that line may be longer.
	 */
	if (rc == 0 && best->relation == RELATION_FORK)
		rc = follow_line_start(f->proving, best->resume, &best->resume);
	if (rc < 0) {
		(void)open_file_free(best->o);
		return rc;
	}
	best->o->follow = STEAL(f->proving);
	apply(f, best->other, best->o, best->relation, best->resume);
	return 0;
}

/* Finds the known file that proves most of f.  Returns 0, LATER or a negative errno. */
static int find_best(const struct tail_file *f, struct match *best)
{
	const struct source *s = f->source;
	const struct event_salt *salt = follow_salt(f->proving);
	int rc = 0;
	for (size_t i = 0; salt->len > 0 && rc == 0 && i < s->nfiles; i++) {
		struct tail_file *other = s->files[i];
		if (other != f && other->id != 0 && other->id != f->id &&
		    hash_equal(&other->salt, &salt->hash))
			rc = match_with(f, other, best);
	}
	return rc;
}

int resolve_another_proves(const struct tail_file *f, uint64_t resume)
{
	struct match best = {0};
	int rc = find_best(f, &best);
	(void)open_file_free(best.o);
	if (rc < 0 || !best.other || best.resume != resume)
		return rc < 0 ? rc : best.other && best.resume > resume;
	/* All of its bytes are in that file, whose rungs are few. */
	return best.relation == RELATION_COPYING && file_there(best.other);
}

int resolve_part_of(const struct tail_file *f, uint64_t min, struct open_file **ret)
{
	struct match best = {0};
	int rc = find_best(f, &best);
	bool wait = rc == 0 && best.other && best.relation == RELATION_COPYING;
	bool more = rc == 0 && best.other && !wait && best.resume > min &&
	            best.other->state != FILE_SKIPPED;
	if (more)
		rc = follow_line_start(f->proving, best.resume, &best.resume);
	if (!more || rc < 0) {
		*ret = open_file_free(best.o);
		return wait ? LATER : rc;
	}
	parts_cut(&best.o->ledger.parts, 0);
	ladder_cut(&best.o->ladder, best.resume);
	ledger_reset(&best.o->ledger, best.resume);
	*ret = best.o;
	return 0;
}

/* Returns the known file whose own path leads to the inode of f: f is a hard link.  NULL: none. */
static struct tail_file *hard_linked(const struct tail_file *f)
{
	struct tail_file *other = NULL;
	while ((other = file_same_inode(f, other))) {
		struct stat st;
		char path[PATH_MAX];
		if (other->id == 0 || other->gz != f->gz || other->state == FILE_SKIPPED ||
		    !file_present(other))
			continue;
		file_path(other, path, sizeof(path));
		if (lstat(path, &st) == 0 && st.st_ino == f->ino && st.st_dev == f->dev)
			return other;
	}
	return NULL;
}

int resolve_new(struct tail_file *f)
{
	struct source *s = f->source;
	const struct event_salt *salt = follow_salt(f->proving);
	struct tail_file *passed = passed_namesake(f);
	struct tail_file *linked = hard_linked(f);
	struct match best = {0};
	int rc = 0;
	if (passed) {
		rc = files_reserve(s->tailer);
		if (rc == 0)
			adopt(f, passed, NULL);
		s->verify_next = 0; /* its rows are to be learnt */
		return rc;
	}
	if (linked) {
		file_set_other(f, FILE_ALIAS, linked);
		return 0;
	}
	rc = find_best(f, &best);
	if (rc == 0 && best.other)
		return apply_match(f, &best);
	(void)open_file_free(best.o);
	if (rc == 0)
		rc = salt->len > 0 ? begin(f) : resolve_bare(f);
	return rc;
}
