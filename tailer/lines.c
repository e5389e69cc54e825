/* Takes the files of a source in turn, and hands out the lines of each. */
#include <errno.h>

#include "tailer/impl.h"

bool tailer_ready(const struct tailer *t, size_t source)
{
	return t->sources[source].ntodo > 0;
}

bool tailer_proving(const struct tailer *t, size_t source)
{
	return t->sources[source].nunproved > 0;
}

void tailer_turn(struct tailer *t, size_t source)
{
	struct source *s = &t->sources[source];
	s->current = NULL;
	s->newest_turn = s->conf->fair && !s->newest_turn;
}

/* Returns the file whose turn it is, open; or NULL when there is none. */
static struct tail_file *choose(struct source *s)
{
	while (s->ntodo > 0) {
		struct tail_file *f = s->todo[s->newest_turn ? s->ntodo - 1 : 0];
		if (f->open || resolve(f))
			return f; /* else its state defines when it comes back */
	}
	return NULL;
}

/*
 * Skips ranges that were acknowledged after a gap before a crash.  The committed offset may have
 * moved over such a range before reading reached it.
 */
static bool skip_acked(struct tail_file *f)
{
	const struct ledger *l = &f->open->ledger;
	uint64_t pos = follow_pos(f->open->follow);
	uint64_t end = pos < l->committed ? l->committed : ledger_skip(l, pos);
	if (end <= pos)
		return false;
	follow_seek(f->open->follow, end);
	return true;
}

/* Leaves the current file, which has nothing more for now. */
static void set_aside(struct source *s, struct tail_file *f)
{
	file_unmark_todo(f);
	if (f->state == FILE_FINISHING) /* not done: the next rescan tries again */
		file_set_state(f, FILE_OPEN);
	s->current = NULL;
	/* Many files may wait for answers; only a file that still grows keeps a buffer. */
	if (f->open && !file_is_newest(f)) /* a copy has already been closed */
		follow_rest(f->open->follow);
	file_let_go(f);
}

/* Returns true if another file begins with the same row, and nothing of f is delivered yet. */
static bool seems_copy(const struct tail_file *f)
{
	return f->open->ladder.n == 0 && f->open->ledger.n == 0 &&
	       files_begin_so(f, follow_salt(f->open->follow));
}

/* Returns true if no more will come: then a last line without newline counts.  A .gz is written
 * whole. */
static bool is_final(const struct tail_file *f)
{
	return f->state == FILE_FINISHING || (f->state == FILE_UNREADABLE && f->gz);
}

/*
 * Reads the head of a file that had no row before.  A copy that was found just after its start
 * seemed to be a separate file; now it becomes FOUND again, for resolve() to decide.
 */
static int learn_salt(struct tail_file *f)
{
	struct tail_file *ghost;
	int rc = follow_head(f->open->follow, is_final(f));
	if (rc == -EAGAIN)
		return FOLLOW_LATER;
	if (rc < 0 || follow_salt(f->open->follow)->len == 0)
		return rc < 0 ? rc : FOLLOW_LINE;
	if (!seems_copy(f)) {
		f->salt = follow_salt(f->open->follow)->hash;
		rc = file_stored(f) ? file_mark_changed(f, CHANGED_ENTRY) : 0;
		return rc < 0 ? rc : FOLLOW_LINE;
	}
	if (f->refs > 0) /* its header is in flight: tailer_release() marks it again */
		return FOLLOW_NOTHING;
	rc = resolve_forsake(f, &ghost);
	if (rc < 0)
		return rc;
	file_close(f);
	return FOLLOW_NOTHING;
}

/*
 * The next line; one that makes the salt is not handed out before the salt is known.  It may have
 * been completed after the head was read.
 */
static int next_line(struct tail_file *f, struct line *ret_line)
{
	struct follow *follow = f->open->follow;
	int rc = follow_next(follow, is_final(f), ret_line);
	if (rc != FOLLOW_LINE || ret_line->salt->len > 0)
		return rc;
	size_t len = event_trim(ret_line->text, ret_line->len);
	if (event_is_blank(ret_line->text, len) || event_is_header(ret_line->text, len))
		return rc;
	follow_seek(follow, ret_line->from);
	f->source->tailer->soon = true;
	return FOLLOW_NOTHING;
}

static int next_of(struct source *s, struct tail_file *f, struct line *ret_line)
{
	struct follow *follow = f->open->follow;
	int rc = hash_is_zero(&f->salt) ? learn_salt(f) : FOLLOW_LINE;
	if (rc != FOLLOW_LINE)
		return rc;
	while (skip_acked(f))
		;
	rc = next_line(f, ret_line);
	if (rc == FOLLOW_LINE && ret_line->unterminated)
		f->open->ledger.parts.letters = true;
	uint64_t nuls = follow_nuls(follow);
	s->counters.nul_bytes += nuls;
	s->counters_dirty = s->counters_dirty || nuls > 0;
	return rc;
}

/* Returns true if f becomes OPEN again.  A .gz with nothing for now may still be incomplete. */
static bool reopens(const struct tail_file *f, int rc)
{
	if (f->state == FILE_ENDED)
		return rc == FOLLOW_LINE;
	return f->state == FILE_UNREADABLE && (rc != FOLLOW_NOTHING || !f->gz);
}

/* The bytes of f are not those that were read.  Returns a result as if they had been read. */
static int changed(struct tail_file *f)
{
	int rc = resolve_changed(f);
	if (rc == LATER)
		return FOLLOW_NOTHING;
	return rc < 0 ? rc : FOLLOW_CHANGED; /* f is no longer current */
}

/* Sets the state of f after a read that returned rc. */
static void note_result(struct tail_file *f, int rc)
{
	if (rc < 0)
		file_unreadable(f, rc);
	else if (rc == FOLLOW_END)
		file_set_state(f, FILE_ENDED);
	else if (reopens(f, rc))
		file_set_state(f, FILE_OPEN);
}

int tailer_next(struct tailer *t, size_t source, struct line *ret_line, struct tail_file **ret_file)
{
	struct source *s = &t->sources[source];
	for (;;) {
		struct tail_file *f = s->current ? s->current : choose(s);
		if (!f)
			return TAIL_NOTHING;
		s->current = f;
		*ret_file = f;
		int rc = next_of(s, f, ret_line);
		if (rc == FOLLOW_CHANGED) {
			rc = changed(f);
			if (rc == FOLLOW_CHANGED)
				continue;
		} else if (rc >= 0) {
			resolve_goes_on(f);
		}
		if (rc == FOLLOW_LATER)
			return TAIL_LATER;
		note_result(f, rc);
		if (rc == FOLLOW_LINE || rc == FOLLOW_END)
			return rc == FOLLOW_LINE ? TAIL_LINE : TAIL_END;
		if (f->state == FILE_FOUND)
			s->current = NULL; /* it is still in todo: choose() resolves it */
		else
			set_aside(s, f);
	}
}

void tail_file_seek(struct tail_file *f, uint64_t offset)
{
	if (!f->open) /* an orphan: its bytes no longer exist */
		return;
	follow_seek(f->open->follow, offset);
	if (f->state != FILE_ENDED)
		return;
	file_set_state(f, FILE_FINISHING); /* the lines that are read again end again */
	(void)!file_mark_todo(f);          /* else the next rescan does it */
}
