/* Resolves an unknown path: another path of a known file, a copy, a fork, or a new file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "tailer/identity.h"
#include "tailer/impl.h"

/* f takes the identity of other, whose own path no longer exists.  o NULL: not to be read. */
static void adopt(struct tail_file *f, struct tail_file *other, struct open_file *o)
{
	f->id = other->id;
	f->tally = other->tally;
	f->saved_size = other->saved_size;
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
		file_set_state(f, FILE_SKIPPED);
	}
	file_hand_others(other, f);
	file_free(other);
	(void)!file_mark_changed(f, CHANGED_ENTRY);
}

/*
 * Returns the start of the line that contains offset.  A copy that seemed to be finished may have
 * ended with a line without newline, which was handed out; here that line may be longer.
 */
static uint64_t line_start(struct follow *follow, uint64_t offset)
{
	char before;
	struct mark last;
	if (offset == 0 ||
	    (follow_bytes(follow, offset - 1, offset, &before) == 1 && before == '\n'))
		return offset;
	return follow_last_line(follow, offset, &last) == 1 ? last.end : 0;
}

/* Makes f a separate file that begins with rows of another file; those are not sent again. */
static void fork_of(struct tail_file *f, struct open_file *o, uint64_t resume)
{
	resume = line_start(o->follow, resume);
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
	file_set_other(f, FILE_COPYING, other);
}

/* Sets c->longer if f is longer than other, which exists and may have grown since its last look. */
static int compare_sizes(const struct tail_file *f, struct tail_file *other,
                         struct relation_case *c)
{
	if (f->gz || other->gz || f->size <= other->size)
		return 0;
	int rc = file_look(other);
	c->longer = f->size > other->size;
	c->settled = other->offset >= other->size && file_is_at_rest(other);
	return rc;
}

/*
 * Returns an enum relation of f to a known file with the same beginning, whose proofs are in o, or
 * a negative errno.  A fork is read from *ret_resume on.
 */
static int relate(const struct tail_file *f, struct tail_file *other, const struct open_file *o,
                  uint64_t *ret_resume)
{
	const struct ladder *l = &o->ladder;
	const struct identity_case bytes = {
	        .ladder = l, .committed = o->ledger.committed, .size = file_known_size(f)};
	*ret_resume = o->ledger.committed;
	bool skipped = other->state == FILE_SKIPPED;
	int identity = skipped ? IDENTITY_NEW /* not used */
	                       : identity_decide(&bytes, open_file_holds, o->follow, ret_resume);
	if (identity < 0)
		return identity;
	struct relation_case c = {
	        .identity = (enum identity)identity,
	        .unproved = l->n == 0,
	        .before_proofs = l->n > 0 && bytes.size < l->rungs[l->n - 1].end,
	        .skipped = skipped,
	        .there = file_there(other),
	};
	int rc = c.there && identity == IDENTITY_SAME ? compare_sizes(f, other, &c) : 0;
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
		fork_of(f, o, resume);
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

#define UNRELATED 2

/* Returns 0: f has a new state; else LATER, UNRELATED or -errno, and the caller owns follow. */
static int resolve_against(struct tail_file *f, struct follow *follow, struct tail_file *other)
{
	uint64_t resume;
	struct open_file *o = open_file_load(other);
	if (!o)
		return LATER;
	o->follow = follow;
	int relation = relate(f, other, o, &resume);
	int rc = relation < 0 ? relation : files_reserve(f->source->tailer);
	if (rc == 0 && relation != RELATION_NONE) {
		apply(f, other, o, (enum relation)relation, resume);
		return 0;
	}
	o->follow = NULL;
	(void)open_file_free(o);
	return rc < 0 ? rc : UNRELATED;
}

/* Reads f from its beginning: it is not a known file. */
static int begin(struct tail_file *f, struct follow *follow)
{
	struct tailer *t = f->source->tailer;
	int rc = files_reserve(t);
	struct open_file *o = rc == 0 ? calloc(1, sizeof(*o)) : NULL;
	if (!o)
		return -ENOMEM;
	o->follow = follow;
	f->id = t->next_id++;
	file_set_open(f, o);
	/* The store gets an entry before the first delivery: the file may be deleted by then. */
	return file_mark_changed(f, CHANGED_POSITION);
}

int resolve_new(struct tail_file *f, struct follow *follow)
{
	struct source *s = f->source;
	const struct event_salt *salt = follow_salt(follow);
	int rc = UNRELATED;
	for (size_t i = 0; rc == UNRELATED && i < s->nfiles; i++) {
		struct tail_file *other = s->files[i];
		if (other == f || other->id == 0 || hash_is_zero(&other->salt))
			continue;
		if (salt->len > 0) {
			if (hash_equal(&other->salt, &salt->hash))
				rc = resolve_against(f, follow, other);
			continue;
		}
		/* A copy that has just begun has no row yet. */
		if (acct_name_compare(&other->key, &f->key) == 0 && file_present(other)) {
			(void)follow_close(follow);
			file_set_other(f, FILE_WAITING, other);
			return 0;
		}
	}
	if (rc == UNRELATED)
		rc = begin(f, follow);
	if (rc != 0)
		(void)follow_close(follow);
	return rc;
}
