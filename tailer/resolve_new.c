/* A path that was not known: another path of a known file, a copy, a fork, or a new file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "tailer/identity.h"
#include "tailer/impl.h"

/* f bears the identity of other from here on: so do its other paths. */
static void succeed(struct tail_file *f, struct tail_file *other)
{
	file_hand_aliases(other, f);
	f->alias_of = NULL;
	file_free(other);
}

/* f takes over the identity of other, whose own path is gone. */
static int adopt(struct tail_file *f, struct tail_file *other, struct open_file *o)
{
	f->id = other->id;
	f->tally = other->tally;
	f->stored = other->stored;
	f->source->counters.copies++;
	f->source->counters_dirty = true;
	tail_note(f->source->tailer, TAIL_INFO,
	          "\"%s%s\" is \"%s\", known before; going on at %llu", f->name, f->gz ? ".gz" : "",
	          other->name, (unsigned long long)o->ledger.committed);
	succeed(f, other);
	open_file_attach(o, f);
	int rc = file_mark_changed(f, CHANGED_ENTRY);
	return rc < 0 ? rc : RESOLVED_READ;
}

/* The same for a file that is not to be read. */
static int adopt_passed(struct tail_file *f, struct tail_file *other)
{
	f->id = other->id;
	f->tally = other->tally;
	f->stored = other->stored;
	f->salt = other->salt;
	f->offset = other->offset;
	f->passed = f->verified = true;
	succeed(f, other);
	int rc = file_mark_changed(f, CHANGED_ENTRY);
	return rc < 0 ? rc : RESOLVED_ALIAS;
}

/*
 * The start of the line that offset is in.  A last line without newline may have been handed out as
 * far as it went, of a copy that seemed to be finished; here it may be longer.
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

/* A file of its own that begins with rows of another: those are not sent again. */
static int fork_of(struct tail_file *f, struct open_file *o, uint64_t resume)
{
	resume = line_start(o->follow, resume);
	f->id = f->source->tailer->next_id++;
	ladder_cut(&o->ladder, resume);
	ledger_reset(&o->ledger, resume);
	tail_note(
	        f->source->tailer, TAIL_WARNING,
	        "\"%s\" begins like a file that is known and differs from byte %llu on: reading it "
	        "from there",
	        f->name, (unsigned long long)resume);
	open_file_attach(o, f);
	int rc = file_mark_changed(f, CHANGED_POSITION);
	return rc < 0 ? rc : RESOLVED_READ;
}

/* It has all of a file that is still there, and more. */
static bool outgrown(const struct tail_file *f, const struct tail_file *other)
{
	return file_present(other) && !f->gz && !other->gz && f->size > other->size;
}

/* The size of the other may be old news; but not for two rescans. */
static bool overdue(struct tail_file *f)
{
	uint64_t now = f->source->counters.rescans;
	if (f->outgrown_at == 0)
		f->outgrown_at = now + 1;
	return now >= f->outgrown_at + 2;
}

/* It ends before the earliest rung: its first row, which is the same, is all there is. */
static bool too_short(const struct identity_case *c)
{
	return c->ladder->n > 0 && c->size < c->ladder->rungs[c->ladder->n - 1].end;
}

/* What f is to a known file with the same beginning.  -1: nothing; else an enum resolved. */
static int resolve_against(struct tail_file *f, struct follow *follow, struct tail_file *other)
{
	bool there = file_present(other) || other->open;
	if (other->passed && !there)
		return adopt_passed(f, other);
	if (other->passed) {
		f->alias_of = other;
		return RESOLVED_ALIAS;
	}
	struct open_file *o = open_file_load(other);
	if (!o)
		return RESOLVED_WAIT;
	o->follow = follow;
	const struct identity_case c = {other->open ? &other->open->ladder : &o->ladder,
	                                other->offset, false, file_known_size(f)};
	uint64_t resume;
	int decided = identity_decide(&c, open_file_holds, follow, &resume);
	if (decided == IDENTITY_NEW && too_short(&c))
		decided = IDENTITY_COPYING;
	if (c.ladder->n == 0) /* begun and nothing acknowledged yet: that will tell */
		decided = there ? IDENTITY_COPYING : IDENTITY_SAME;
	if (decided == IDENTITY_SAME && !there)
		return adopt(f, other, o);
	if (decided == IDENTITY_SAME && outgrown(f, other)) {
		resume = other->offset;
		decided = overdue(f) ? IDENTITY_FORK : IDENTITY_COPYING;
	}
	if (decided == IDENTITY_FORK)
		return fork_of(f, o, resume);
	o->follow = NULL;
	(void)open_file_free(o);
	if (decided == IDENTITY_COPYING && !f->copying)
		tail_note(
		        f->source->tailer, TAIL_INFO,
		        "\"%s\" begins like a file that is known, of which more was read: waiting "
		        "for the rest of the copy",
		        f->name);
	f->copying = decided == IDENTITY_COPYING;
	if (decided == IDENTITY_SAME)
		f->alias_of = other;
	if (decided < 0)
		return decided;
	if (decided == IDENTITY_NEW)
		return -1;
	return decided == IDENTITY_SAME ? RESOLVED_ALIAS : RESOLVED_WAIT;
}

/* A path that was not known: another path of a known file, or a new one. */
int resolve_new(struct tail_file *f, struct follow *follow)
{
	struct source *s = f->source;
	const struct event_salt *salt = follow_salt(follow);
	for (size_t i = 0; i < s->nfiles; i++) {
		struct tail_file *other = s->files[i];
		bool same_name = acct_name_compare(&other->key, &f->key) == 0;
		if (other == f || other->id == 0 || hash_is_zero(&other->salt))
			continue;
		if (salt->len == 0) { /* a copy that has just begun has no row to show */
			if (!same_name || !file_present(other))
				continue;
			(void)follow_close(follow);
			return RESOLVED_WAIT;
		}
		if (!hash_equal(&other->salt, &salt->hash))
			continue;
		int rc = resolve_against(f, follow, other);
		if (rc == -1)
			continue;
		if (rc != RESOLVED_READ && !f->open) /* else it is f's by now */
			(void)follow_close(follow);
		return rc;
	}
	struct open_file *o = calloc(1, sizeof(*o));
	if (!o) {
		(void)follow_close(follow);
		return -ENOMEM;
	}
	o->follow = follow;
	f->id = s->tailer->next_id++;
	open_file_attach(o, f);
	/* The store learns of it before anything of it is delivered: it may be gone by then. */
	int rc = file_mark_changed(f, CHANGED_POSITION);
	return rc < 0 ? rc : RESOLVED_READ;
}
