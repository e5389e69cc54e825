/* A path that no longer exists: is its file lost, or may another path be it? */
#include "base/clock.h"
#include "tailer/impl.h"

/*
 * Returns true if there is a known file of the same name: a path that disappeared unread, or never
 * had a whole row, was most likely a path of that file.
 */
static bool has_namesake(const struct tail_file *f)
{
	size_t at = NAMESAKES;
	for (const struct tail_file *other; (other = file_namesake(f, &at));) {
		if (other->id != 0 || other->state == FILE_ALIAS)
			return true;
	}
	return false;
}

/*
 * Returns true if a file of the same name is not resolved yet: its .gz, or a copy, that waits for
 * its turn, for the rest of its bytes or for a repair.  It may be f, which then is not lost.
 */
static bool may_be_another(const struct tail_file *f)
{
	size_t at = NAMESAKES;
	for (const struct tail_file *other; (other = file_namesake(f, &at));) {
		if (other->id == 0 && other->state != FILE_ALIAS && file_there(other))
			return true;
	}
	return false;
}

/*
 * Something deletes files in these folders; the age at which it does is when unread rows will be
 * lost.  The youngest file of one pass counts; a later pass replaces an earlier one.
 */
static void note_deletion(const struct tail_file *f)
{
	struct source *s = f->source;
	int64_t now_ms = s->tailer->now_ms;
	int64_t age = (clock_real_ms() - GONE_SCANS * (int64_t)s->tailer->conf.rescan_ms) / 1000 -
	              f->mtime_s;
	if (f->state == FILE_SKIPPED || f->mtime_s == 0)
		return;
	if (age < 1)
		age = 1;
	if (s->deleted_after_s != 0 && s->deleted_pass_ms == now_ms &&
	    s->deleted_after_s < (uint64_t)age)
		return;
	s->deleted_after_s = (uint64_t)age;
	s->deleted_pass_ms = now_ms;
	s->counters_dirty = true;
}

/* Returns true if rows of f are lost unless another file has them. */
static bool has_unread(const struct tail_file *f)
{
	if (f->state == FILE_SKIPPED || f->state == FILE_ALIAS || f->state == FILE_COPYING)
		return false;
	return !f->gz && f->offset < f->size &&
	       !((f->id == 0 || hash_is_zero(&f->salt)) && has_namesake(f));
}

/* f is neither there nor gone: each scan asks again. */
static void doubt(struct tail_file *f)
{
	file_unmark_todo(f);
	if (f->id == 0)
		file_set_inode(f, 0, 0); /* another file may get it meanwhile */
}

int file_gone(struct tail_file *f)
{
	if (f->id != 0 && f->state != FILE_SKIPPED && file_left_behind(f)) {
		f->left = true; /* the store keeps it as it is, for when its place comes back */
		f->gone_ms = clock_real_ms();
		file_set_state(f, FILE_GONE);
		file_unmark_todo(f);
		return 0;
	}
	const bool unread = has_unread(f), asked = f->doubted;
	f->doubted = unread && may_be_another(f);
	if (f->doubted) {
		doubt(f);
		return 0;
	}
	if (unread)
		file_lost(f);
	if (f->id == 0) {
		file_free(f);
		return 0;
	}
	if (!asked) /* else it is too long ago to know its age */
		note_deletion(f);
	if (f->state != FILE_SKIPPED)
		file_set_state(f, FILE_GONE);
	f->gone_ms = clock_real_ms();
	file_unmark_todo(f);
	return file_mark_changed(f, CHANGED_ENTRY);
}
