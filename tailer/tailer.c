#include "tailer/tailer.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "tailer/impl.h"

#define VERIFY_AT_ONCE 64
#define SCAN_AGAIN_MS 100 /* after a path changed since the last scan; sooner is no use */
#define LOOK_REST 19      /* tailer_look() rests that many times as long as it took */
#define DEAF_MS 50        /* the delay of an event of ours beside a busy neighbour */
#define TURN_BYTES (UINT64_C(4) << 20) /* some 10 ms */

int tailer_fd(const struct tailer *t)
{
	return watch_fd(t->watch);
}

static size_t files_ahead(const struct source *s)
{
	return s->tailer->conf.ahead ? s->tailer->conf.ahead : TAIL_AHEAD;
}

/*
 * Returns the next file to be proved in slices; NULL: none, or enough files are open that come
 * before it.
 */
static struct tail_file *to_prove(const struct source *s)
{
	if (s->unpacking || s->nunproved == 0)
		return s->unpacking;
	struct tail_file *f = s->unproved[0];
	const size_t ahead = files_ahead(s);
	bool enough = s->ntodo >= ahead &&
	              acct_name_compare(&f->key, &s->todo[ahead - 1]->key) >= 0;
	return enough ? NULL : f;
}

int64_t tailer_timeout(const struct tailer *t, int64_t now_ms)
{
	bool proving = t->verifying || t->soon;
	for (size_t i = 0; i < t->conf.nsources; i++)
		proving = proving || to_prove(&t->sources[i]);
	if (proving)
		return 0;
	int64_t left = t->rescan_at_ms > now_ms ? t->rescan_at_ms - now_ms : 0;
	for (size_t i = 0; i < t->conf.nsources; i++) {
		if (t->sources[i].scan_due && left > SCAN_AGAIN_MS)
			left = SCAN_AGAIN_MS;
	}
	if (!tailer_listens(t, now_ms) && left > t->deaf_ms - now_ms)
		left = t->deaf_ms - now_ms;
	return left;
}

bool tailer_listens(const struct tailer *t, int64_t now_ms)
{
	return now_ms >= t->deaf_ms;
}

void tailer_rescan_now(struct tailer *t)
{
	t->rescan_at_ms = 0;
}

static void on_event(unsigned token, const char *name, void *arg)
{
	struct tailer *t = arg;
	struct source *s = &t->sources[token / NDIRS];
	struct acct_name key;
	if (name && !acct_name_parse(&s->template, name, &key)) {
		t->strange = true;
		return;
	}
	t->heard = true;
	/* If examining one name fails, all of them are scanned. */
	if (!name || scan_name(s, (int)(token % NDIRS), name) < 0)
		s->scan_due = true;
}

/* Opens the oldest files with unread bytes: an open file can be deleted and still be read. */
static void open_ahead(struct source *s)
{
	const size_t ahead = files_ahead(s);
	for (size_t i = 0; i < s->ntodo && i < ahead;) {
		struct tail_file *f = s->todo[i];
		if (f->open || resolve(f))
			i++;
	}
}

/*
 * Proves files whose bytes take long to read, until the turn's bytes are used up.  One file is
 * proved at a time, so that few are open.
 */
static void prove_some(struct source *s)
{
	for (struct tail_file *f; (f = to_prove(s)) != NULL;) {
		bool open = f->open || resolve(f);
		if (open) { /* to the other list */
			file_unmark_todo(f);
			(void)!file_mark_todo(f); /* else the next scan does it */
		}
		s->unpacking = f->proving && f->todo ? f : NULL;
		if (f->proving)
			return;
	}
}

static void prove_in_slices(struct tailer *t)
{
	unsigned n = (unsigned)t->conf.nsources;
	for (unsigned i = 0; i < n; i++)
		prove_some(&t->sources[(t->first_turn + i) % n]);
	t->first_turn = (t->first_turn + 1) % n;
}

void tailer_begin_turn(struct tailer *t, int64_t now_ms)
{
	const uint64_t bytes = t->conf.turn_bytes ? t->conf.turn_bytes : TURN_BYTES;
	t->now_ms = now_ms;
	t->unpack_left = bytes;
	for (size_t i = 0; i < t->conf.nsources; i++)
		t->sources[i].read_left = bytes;
}

/*
 * Proves files that look unchanged in the background, a few per turn, so that thousands of archived
 * files do not delay the first delivery.  Reads the first row of files that are not to be read.
 */
static bool verify_some(struct source *s)
{
	for (int n = 0; n < VERIFY_AT_ONCE && s->verify_next < s->nfiles; s->verify_next++) {
		struct tail_file *f = s->files[s->verify_next];
		if (f->state == FILE_SKIPPED && hash_is_zero(&f->salt) && file_present(f)) {
			n++;
			if (!resolve_passed(f))
				return true;
			continue;
		}
		if (f->state != FILE_FOUND || f->todo || f->gz || f->id == 0 || !file_present(f))
			continue;
		n++;
		if (!resolve(f))
			continue;
		if (f->size != f->offset)
			(void)!file_mark_todo(f); /* else the next scan does it */
		else
			file_let_go(f);
	}
	return s->verify_next < s->nfiles;
}

/* Scans all files of a source; rescan: also finishes files for which no event will come. */
static void look_at_all(struct source *s, bool rescan)
{
	s->counters.rescans++;
	s->scan_due = false;
	int failed = scan_source(s);
	if (failed == 0 && rescan)
		failed = scan_rest(s);
	if (failed < 0) /* out of memory: a later scan finds the same */
		tail_note(s->tailer, TAIL_ERROR,
		          "scan files of source \"%s\": %s; trying again at the next rescan",
		          s->conf->name, strerror(-failed));
}

bool tailer_look(struct tailer *t)
{
	const int64_t begun_ms = clock_mono_ms();
	bool whole = true;
	if (begun_ms < t->look_at_ms)
		return false;
	for (size_t i = 0; i < t->conf.nsources; i++) {
		/* Out of memory: a later scan finds the same. */
		whole = scan_look(&t->sources[i]) == 0 && whole;
	}
	const int64_t ended_ms = clock_mono_ms();
	t->look_at_ms = ended_ms + LOOK_REST * (ended_ms - begun_ms);
	t->soon = true; /* what was found is opened at the next tailer_wake() */
	return whole;
}

int tailer_wake(struct tailer *t, int64_t now_ms, struct err *err)
{
	tailer_begin_turn(t, now_ms);
	int rc = watch_read(t->watch, on_event, t);
	if (rc < 0)
		return err_set(err, rc, "read inotify events: %s", strerror(-rc));
	t->deaf_ms = t->strange && !t->heard ? now_ms + DEAF_MS : 0;
	t->strange = t->heard = false;
	bool rescan = rc > 0 || now_ms >= t->rescan_at_ms;
	for (size_t i = 0; i < t->conf.nsources; i++) {
		struct source *s = &t->sources[i];
		s->counters.overflows += rc > 0;
		if (rescan || s->scan_due)
			look_at_all(s, rescan);
	}
	if (rescan)
		t->rescan_at_ms = now_ms + (int64_t)t->conf.rescan_ms;
	t->verifying = false;
	for (size_t i = 0; i < t->conf.nsources; i++) {
		open_ahead(&t->sources[i]);
		t->verifying = verify_some(&t->sources[i]) || t->verifying;
	}
	prove_in_slices(t);
	t->soon = false; /* all such files are in the lists now */
	return 0;
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
			if (f->state == FILE_FINISHING || f->state == FILE_ENDED)
				file_set_state(f, FILE_OPEN);
			if (f->open && follow_pos(f->open->follow) != f->open->ledger.committed) {
				follow_seek(f->open->follow, f->open->ledger.committed);
				(void)!file_mark_todo(f); /* the rescan that follows does it, too */
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
