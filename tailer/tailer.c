#include "tailer/tailer.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/scope.h"
#include "tailer/impl.h"

#define VERIFY_AT_ONCE 64
#define OPEN_AHEAD 32 /* files with unread bytes kept open, so that deleting them loses nothing */

void tail_note(struct tailer *t, enum tail_level level, const char *fmt, ...)
{
	char text[1024];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	t->note(level, text, t->arg);
}

int tailer_fd(const struct tailer *t)
{
	return watch_fd(t->watch);
}

int64_t tailer_timeout(const struct tailer *t, int64_t now_ms)
{
	if (t->verifying)
		return 0;
	return t->rescan_at_ms > now_ms ? t->rescan_at_ms - now_ms : 0;
}

void tailer_rescan_now(struct tailer *t)
{
	t->rescan_at_ms = 0;
}

/* ---- events and rescans ---- */

static void on_event(unsigned token, const char *name, void *arg)
{
	struct tailer *t = arg;
	struct source *s = &t->sources[token / NDIRS];
	/* A failure to look at one name is made good by looking at all of them. */
	if (!name || scan_name(s, (int)(token % NDIRS), name) < 0)
		s->scan_due = true;
}

/* Open the oldest files with unread bytes: an open file can be deleted and still be read. */
static void open_ahead(struct source *s)
{
	for (size_t i = 0; i < s->ntodo && i < OPEN_AHEAD;) {
		struct tail_file *f = s->todo[i];
		if (f->open || resolve(f) == RESOLVED_READ)
			i++;
		else
			unmark_todo(f);
	}
}

/*
 * Files that look as they were left are proved in the background, a few a turn, so that thousands
 * of archived files do not delay the first delivery.
 */
static bool verify_some(struct source *s)
{
	for (int n = 0; n < VERIFY_AT_ONCE && s->verify_next < s->nfiles; s->verify_next++) {
		struct tail_file *f = s->files[s->verify_next];
		if (f->verified || f->open || f->todo || f->passed || f->gz || f->id == 0 ||
		    !file_present(f))
			continue;
		n++;
		if (resolve(f) != RESOLVED_READ)
			continue;
		if (f->size != f->offset)
			(void)!mark_todo(f); /* else the next scan does it */
		else if (!f->dirty)
			file_let_go(f);
	}
	return s->verify_next < s->nfiles;
}

int tailer_wake(struct tailer *t, int64_t now_ms, struct err *err)
{
	t->now_ms = now_ms;
	int rc = watch_read(t->watch, on_event, t);
	if (rc < 0)
		return err_set(err, rc, "read inotify events: %s", strerror(-rc));
	bool rescan = rc > 0 || now_ms >= t->rescan_at_ms;
	for (size_t i = 0; i < t->conf.nsources; i++) {
		struct source *s = &t->sources[i];
		s->counters.overflows += rc > 0;
		if (!rescan && !s->scan_due)
			continue;
		s->counters.rescans++;
		s->scan_due = false;
		int failed = scan_source(s);
		if (failed == 0 && rescan)
			failed = scan_rest(s);
		if (failed < 0) { /* out of memory: nothing is forgotten by looking later */
			tail_note(t, TAIL_ERROR,
			          "look at files of source \"%s\": %s; again at the "
			          "next rescan",
			          s->conf->name, strerror(-failed));
			s->scan_due = true;
		}
	}
	if (rescan)
		t->rescan_at_ms = now_ms + (int64_t)t->conf.rescan_ms;
	t->verifying = false;
	for (size_t i = 0; i < t->conf.nsources; i++) {
		open_ahead(&t->sources[i]);
		t->verifying = verify_some(&t->sources[i]) || t->verifying;
	}
	return 0;
}

/* ---- turns and lines ---- */

bool tailer_ready(const struct tailer *t, size_t source)
{
	return t->sources[source].ntodo > 0;
}

void tailer_turn(struct tailer *t, size_t source)
{
	struct source *s = &t->sources[source];
	s->current = NULL;
	s->newest_turn = s->conf->fair && !s->newest_turn;
}

/* The file whose turn it is, open; or NULL when there is none. */
static struct tail_file *choose(struct source *s)
{
	while (s->ntodo > 0) {
		struct tail_file *f = s->todo[s->newest_turn ? s->ntodo - 1 : 0];
		if (f->open || resolve(f) == RESOLVED_READ)
			return f;
		unmark_todo(f); /* an alias, or set aside until the next rescan */
	}
	return NULL;
}

/*
 * Ranges acknowledged beyond a gap before a crash are not read again.  The committed offset may
 * have moved over one before reading came to it.
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

/* The current file has nothing more for now. */
static void set_aside(struct source *s, struct tail_file *f)
{
	unmark_todo(f);
	f->final = false;
	s->current = NULL;
	/* Many files may wait for answers; only what is still growing keeps a buffer. */
	if (f->open && !file_is_newest(f)) /* a copy was closed before it came here */
		follow_rest(f->open->follow);
	file_let_go(f);
}

/* Whether another file begins with the same row, and nothing of f is delivered yet. */
static bool seems_copy(const struct tail_file *f)
{
	const struct source *s = f->source;
	if (f->open->ladder.n > 0 || f->open->ledger.n > 0)
		return false;
	for (size_t i = 0; i < s->nfiles; i++) {
		const struct tail_file *other = s->files[i];
		if (other != f && other->id != 0 &&
		    hash_equal(&other->salt, &follow_salt(f->open->follow)->hash))
			return true;
	}
	return false;
}

/*
 * Look at the head of a file that had no row before.  One that was found while a copy had only
 * begun seemed to be a file of its own: now it is for resolve() to say, at the next rescan.
 */
static int learn_salt(struct tail_file *f)
{
	struct tail_file *ghost;
	int rc = follow_head(f->open->follow, f->final);
	if (rc < 0 || follow_salt(f->open->follow)->len == 0)
		return rc < 0 ? rc : FOLLOW_LINE;
	if (!seems_copy(f)) {
		f->salt = follow_salt(f->open->follow)->hash;
		rc = f->stored ? mark_changed(f, CHANGED_ENTRY) : 0;
		return rc < 0 ? rc : FOLLOW_LINE;
	}
	if (f->refs > 0) /* its header is in flight */
		return FOLLOW_NOTHING;
	rc = forsake(f, &ghost);
	if (rc < 0)
		return rc;
	file_close(f);
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
	rc = follow_next(follow, f->final, ret_line);
	uint64_t nuls = follow_nuls(follow);
	s->counters.nul_bytes += nuls;
	s->counters_dirty = s->counters_dirty || nuls > 0;
	if (rc != FOLLOW_END)
		return rc;
	uint64_t pos = follow_pos(follow);
	if (f->finalled && f->end_told == pos)
		return FOLLOW_NOTHING; /* said, and nothing was sought back for */
	f->finalled = true;
	f->end_told = pos;
	return FOLLOW_END;
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
		/* That a .gz has nothing more for now does not make it whole. */
		if (rc > 0 || (rc == FOLLOW_NOTHING && !f->gz))
			f->unreadable = false;
		if (rc == FOLLOW_LINE)
			return TAIL_LINE;
		if (rc == FOLLOW_END)
			return TAIL_END;
		if (rc == FOLLOW_CHANGED) {
			rc = resolve_changed(f); /* which is current no longer */
			if (rc == 0)
				continue;
		}
		if (rc < 0)
			file_unreadable(f, rc);
		set_aside(s, f);
	}
}

/* ---- what the agent asks of a file ---- */

int64_t tail_file_id(const struct tail_file *f)
{
	return f->id;
}

const char *tail_file_name(const struct tail_file *f)
{
	return f->name;
}

const char *tail_file_source(const struct tail_file *f)
{
	return f->source->conf->name;
}

uint64_t tail_file_committed(const struct tail_file *f)
{
	if (f->orphan)
		return UINT64_MAX; /* nobody needs to wait for it */
	return f->open ? f->open->ledger.committed : f->offset;
}

struct slice tail_file_header(const struct tail_file *f)
{
	return f->open && f->open->header ? (struct slice){f->open->header, f->open->header_len}
	                                  : SLICE_EMPTY;
}

size_t tail_file_gaps(const struct tail_file *f)
{
	return f->open ? f->open->ledger.n : 0;
}

int tail_file_set_header(struct tail_file *f, struct slice header)
{
	char *copy = malloc(header.len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, header.text, header.len);
	copy[header.len] = '\0';
	free(f->open->header);
	f->open->header = copy;
	f->open->header_len = header.len;
	return 0;
}

void tail_file_seek(struct tail_file *f, uint64_t offset)
{
	if (!f->open) /* an orphan: its bytes are gone */
		return;
	follow_seek(f->open->follow, offset);
	f->end_told = UINT64_MAX; /* what is read again ends again */
}

void tail_file_keep(struct tail_file *f, uint64_t offset)
{
	if (f->open)
		follow_keep(f->open->follow, offset);
}

int tail_file_row(struct tail_file *f, const struct mark *mark, char *ret)
{
	if (!f->open)
		return -ESTALE;
	int rc = follow_holds(f->open->follow, mark);
	if (rc <= 0)
		return rc < 0 ? rc : -ESTALE;
	ssize_t n = follow_bytes(f->open->follow, mark->start, mark->end, ret);
	if (n < 0)
		return (int)n;
	return (uint64_t)n == mark->end - mark->start ? 0 : -ESTALE;
}

void tailer_rewind(struct tailer *t)
{
	while (t->norphans > 0)
		orphan_free(t->orphans[--t->norphans]);
	for (size_t i = 0; i < t->conf.nsources; i++) {
		struct source *s = &t->sources[i];
		s->current = NULL;
		for (size_t j = 0; j < s->nfiles; j++) {
			struct tail_file *f = s->files[j];
			f->refs = 0;
			f->finalled = f->final = false;
			if (f->open && !f->passed &&
			    follow_pos(f->open->follow) != f->open->ledger.committed) {
				follow_seek(f->open->follow, f->open->ledger.committed);
				(void)!mark_todo(f); /* the rescan that follows does it, too */
			}
		}
	}
	tailer_rescan_now(t);
}

void tailer_repoint(struct tailer *t)
{
	for (size_t i = 0; i < t->conf.nsources; i++) {
		struct source *s = &t->sources[i];
		s->template = acct_template(s->conf->acct_file);
	}
}

/* ---- status ---- */

/* Bytes not yet acknowledged.  What is left of a .gz is not known: its own size stands for it. */
static uint64_t unread(const struct tail_file *f)
{
	if (f->passed)
		return 0;
	if (f->gz)
		return f->todo || (f->open && !file_drained(f)) ? f->size : 0;
	return f->size > f->offset ? f->size - f->offset : 0;
}

struct tally tailer_tally(const struct tailer *t, size_t source)
{
	return t->sources[source].tally;
}

void tailer_status(const struct tailer *t, size_t source, struct tail_status *ret)
{
	const struct source *s = &t->sources[source];
	const struct tail_file *shown = NULL; /* the one being read, else the newest */
	*ret = (struct tail_status){.file = "",
	                            .tally = s->tally,
	                            .counters = s->counters,
	                            .unreadable = s->closed[DIR_LIVE] + s->closed[DIR_MOVED],
	                            .unreadable_path = "",
	                            .unreadable_advice = "",
	                            .deleted_after_s = s->deleted_after_s};
	for (size_t i = 0; i < s->nfiles; i++) {
		const struct tail_file *f = s->files[i];
		if (f->gone_ms == 0 && f->missing == 0) {
			ret->disk_bytes += f->size;
			ret->archive_bytes += f->dir == DIR_MOVED ? f->size : 0;
		}
		if (f->alias_of)
			continue;
		ret->files_known++;
		ret->files_open += f->open != NULL;
		ret->unreadable += f->unreadable;
		if (!f->gz && !f->passed) {
			ret->settled_bytes += f->offset;
			ret->settled_rows += f->tally.rows;
		}
		if (f->gone_ms != 0) {
			ret->gone += f->offset < f->size && !f->gz && !f->passed;
			continue;
		}
		ret->files_passed += f->passed;
		uint64_t left = unread(f);
		ret->files_behind += left > 0;
		ret->behind_bytes += left;
		if (left > 0 && f->mtime_s > 0 &&
		    (ret->oldest_unread_s == 0 || f->mtime_s < ret->oldest_unread_s))
			ret->oldest_unread_s = f->mtime_s;
		if (!shown || shown != s->current)
			shown = f;
	}
	if (trouble_holds(s)) {
		ret->unreadable_path = s->trouble.path;
		ret->unreadable_advice = s->trouble.advice;
	}
	if (shown) {
		ret->file = shown->name;
		ret->offset = shown->offset;
		ret->size = shown->size;
	}
}
