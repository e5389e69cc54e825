/* One file: its state, its relation to other files, and the agent's queries about it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/scope.h"
#include "base/units.h"
#include "tailer/identity.h"
#include "tailer/impl.h"

void file_set_other(struct tail_file *f, enum file_state state, struct tail_file *of)
{
	if (!file_state_follows(f->state, state)) /* a bug: the tests fail on it */
		tail_note(f->source->tailer, TAIL_ERROR, "\"%s\" goes from %s to %s", f->name,
		          file_state_name(f->state), file_state_name(state));
	f->source->ndepending += (size_t)file_state_depends(state) - file_state_depends(f->state);
	if (!file_state_waits(state) && !f->open)
		f->waits_ms = 0;
	f->state = state;
	f->of = of;
}

void file_set_state(struct tail_file *f, enum file_state state)
{
	file_set_other(f, state, NULL);
}

/*
 * A blank line that was committed after the last proof may be the middle of a row here, if the file
 * is another one that begins alike: reading goes on after the proof then.
 */
static void begin_at_line(struct open_file *o)
{
	const uint64_t committed = o->ledger.committed;
	const uint64_t proved = o->ladder.n > 0 ? o->ladder.rungs[0].end : committed;
	uint64_t start = committed;
	if (proved >= committed)
		return;
	if (follow_line_start(o->follow, committed, &start) < 0 || start != committed)
		ledger_reset(&o->ledger, proved);
}

/*
 * Withdraws a loss that was counted: the file is open, so it is proved, and has the bytes that were
 * missing.  A .gz is complete, or it would not be open.
 */
static void found_again(struct tail_file *f)
{
	struct source *s = f->source;
	if (f->lost_to == 0 || !f->open || (!f->gz && f->size < f->lost_to))
		return;
	f->lost_to = 0;
	if (s->counters.gone_unread == 0)
		return;
	s->counters.gone_unread--;
	s->counters.found_again++;
	if (s->counters.gone_unread == 0)
		s->counters.gone_unread_ms = 0;
	s->counters_dirty = true;
	tail_note(s->tailer, TAIL_INFO,
	          "\"%s%s\" is back with the bytes that were counted as lost: no longer counted, "
	          "they are read now",
	          f->name, f->gz ? ".gz" : "");
}

void file_set_open(struct tail_file *f, struct open_file *o)
{
	begin_at_line(o);
	f->open = o;
	f->waits_ms = 0;
	f->offset = o->ledger.committed;
	f->salt = follow_salt(o->follow)->hash;
	file_set_state(f, FILE_OPEN);
	free(STEAL(f->proved_name));
	follow_limit(o->follow, &f->source->read_left);
	follow_seek(o->follow, f->offset);
	found_again(f);
}

/* A file whose size has changed is no longer at rest, at its end, or an alias. */
void file_resize(struct tail_file *f, uint64_t size)
{
	if (f->size == size)
		return;
	f->size = size;
	f->at_rest = 0;
	f->resized_ms = f->source->tailer->now_ms;
	if (f->gz) /* what was found so far may be wrong */
		f->proving = follow_close(f->proving);
	if (f->state == FILE_FINISHING || f->state == FILE_ENDED)
		file_set_state(f, FILE_OPEN);
	else if (f->state == FILE_ALIAS || (f->state == FILE_CLOSED && f->gz))
		file_set_state(f, FILE_FOUND);
	found_again(f);
}

void file_close(struct tail_file *f)
{
	f->open = open_file_free(f->open);
	f->proving = follow_close(f->proving);
}

bool file_present(const struct tail_file *f)
{
	return f->missing == 0 && f->dir >= 0;
}

bool file_there(const struct tail_file *f)
{
	return file_present(f) || f->open || f->proving;
}

bool file_is_at_rest(const struct tail_file *f)
{
	return f->at_rest >= 2; /* the first rescan may come right after the change */
}

/* Longer than that, a file that grows is rather another one, whose rows must not wait. */
#define WAIT_MAX_MS (5 * IDENTITY_REST_MS)

bool file_wait(struct tail_file *f)
{
	bool first = f->waits_ms == 0;
	if (first)
		f->waits_ms = f->source->tailer->now_ms;
	return first;
}

bool file_waits_no_longer(const struct tail_file *f)
{
	int64_t now_ms = f->source->tailer->now_ms;
	if (f->mtime_s > 0 && clock_real_ms() - 1000 * f->mtime_s >= IDENTITY_REST_MS)
		return true;
	int64_t since_ms = f->resized_ms > f->waits_ms ? f->resized_ms : f->waits_ms;
	return f->waits_ms > 0 &&
	       (now_ms - since_ms >= IDENTITY_REST_MS || now_ms - f->waits_ms >= WAIT_MAX_MS);
}

void file_path(const struct tail_file *f, char *ret, size_t size)
{
	const char *dir = f->source->dirs[f->dir < 0 ? DIR_LIVE : f->dir];
	(void)snprintf(ret, size, "%s/%s%s", dir, f->name, f->gz ? ".gz" : "");
}

void file_lost(struct tail_file *f)
{
	struct source *s = f->source;
	const uint64_t bytes = f->size - f->offset;
	if (f->lost_to != 0) /* it came back in part, or not proved, and is gone again */
		return;
	f->lost_to = f->size;
	s->counters.gone_unread++;
	s->counters.gone_unread_ms = (uint64_t)clock_real_ms();
	s->counters_dirty = true;
	tail_note(s->tailer, TAIL_ERROR,
	          "\"%s\" disappeared before all of it was delivered: %llu byte%s lost", f->name,
	          (unsigned long long)bytes, units_s(bytes));
}

/* Returns true if no file of its source sorts after it. */
bool file_is_newest(const struct tail_file *f)
{
	const struct source *s = f->source;
	for (size_t i = s->nfiles; i-- > 0;) {
		const struct tail_file *other = s->files[i];
		if (other == f)
			return true;
		if (other->gone_ms == 0 && other->state != FILE_ALIAS &&
		    acct_name_compare(&other->key, &f->key) > 0)
			return false;
	}
	return true;
}

/* Returns true if nothing more is expected in it: it was moved, unlinked or compressed. */
bool file_is_finished(const struct tail_file *f)
{
	return f->missing > 0 || f->gz || f->state == FILE_ORPHAN ||
	       (f->dir == DIR_MOVED && f->source->dirs[DIR_MOVED]) ||
	       /* Without move-to, a newer file shows that this one is finished. */
	       (!f->source->dirs[DIR_MOVED] && !file_is_newest(f));
}

bool file_has_more(const struct tail_file *f)
{
	if (f->open && !f->gz)
		return f->size != follow_read_to(f->open->follow);
	return f->size != f->offset;
}

/* Returns true if all of its bytes have been handed out and acknowledged. */
bool file_drained(const struct tail_file *f)
{
	const struct open_file *o = f->open;
	return f->refs == 0 && !f->todo && follow_pos(o->follow) == o->ledger.committed &&
	       follow_read_to(o->follow) == o->ledger.committed;
}

uint64_t file_known_size(const struct tail_file *f)
{
	return f->gz ? UINT64_MAX : f->size;
}

struct store_file file_entry(const struct tail_file *f)
{
	return (struct store_file){
	        .id = f->id,
	        .source = f->source->conf->name,
	        .name = f->name,
	        .gz = f->gz,
	        .passed = f->state == FILE_SKIPPED,
	        .dev = f->dev,
	        .ino = f->ino,
	        .size = f->size,
	        .salt = f->salt,
	        .offset = f->offset,
	        .gone_ms = f->gone_ms,
	        .tally = f->tally,
	};
}

/* ---- the agent's queries ---- */

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
	if (f->state == FILE_ORPHAN)
		return UINT64_MAX; /* nothing must wait for it */
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

void tail_file_has_letters(struct tail_file *f)
{
	if (f->open)
		f->open->ledger.parts.letters = true;
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

int tailer_headers(struct tailer *t, const struct tail_file *f, store_header_fn *fn, void *arg)
{
	return store_headers(t->conf.store, f->source->conf->name, f->name, fn, arg);
}

bool tail_file_headless(struct tail_file *f)
{
	bool first = !f->headless;
	f->headless = true;
	return first;
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
	struct follow *follow = f->open->follow;
	follow_limit(follow, NULL); /* the row is needed now */
	int rc = follow_holds(follow, mark);
	ssize_t n = rc > 0 ? follow_bytes(follow, mark->start, mark->end, ret) : rc;
	follow_limit(follow, &f->source->read_left);
	if (rc <= 0)
		return rc < 0 ? rc : -ESTALE;
	if (n < 0)
		return (int)n;
	return (uint64_t)n == mark->end - mark->start ? 0 : -ESTALE;
}
