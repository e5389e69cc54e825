#include "agent/commit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/endpoint_memory.h"
#include "base/fault.h"
#include "base/scope.h"
#include "base/units.h"
#include "status/lag.h"

#define PROOFS_MAX 8
#define SAY_EVERY_MS 60000
#define LOOK_EVERY_MS 1000

/* ---- opening ---- */

static void look_if_full(struct commit *c)
{
	bool full = c->dead_records >= (int64_t)c->conf->dead_max_records ||
	            c->dead_bytes >= (int64_t)c->conf->dead_max_bytes;
	if (full && !c->dead_full)
		log_error("dead-max-records or dead-max-bytes is reached (%" PRId64
		          " dead letter%s, %" PRId64
		          " byte%s): reading stops, nothing is lost; see 'pmta-shipper dead list'",
		          c->dead_records, units_s((uint64_t)c->dead_records), c->dead_bytes,
		          units_s((uint64_t)c->dead_bytes));
	c->dead_full = full;
}

void commit_recount(struct commit *c)
{
	(void)!store_dead_count(c->store, &c->dead_records, &c->dead_bytes);
	(void)!store_dead_newest(c->store, &c->dead_newest_ms);
	look_if_full(c);
}

int commit_open(struct commit *c)
{
	int rc = store_dead_count(c->store, &c->dead_records, &c->dead_bytes);
	if (rc == 0)
		rc = store_dead_newest(c->store, &c->dead_newest_ms);
	if (rc == 0)
		look_if_full(c); /* the limits may have changed */
	return rc;
}

static void clear(struct commit *c)
{
	letters_clear(&c->letters);
	c->ndropped = c->ndone = 0;
}

void commit_close(struct commit *c)
{
	letters_close(&c->letters);
	free(c->dropped);
	free(c->done);
	c->dropped = NULL;
	c->done = NULL;
	c->ndropped = c->dropped_room = c->ndone = c->done_room = 0;
}

/* ---- dead letters ---- */

bool commit_full(const struct commit *c)
{
	return c->dead_full || c->letters.bytes >= LETTERS_BYTES_MAX;
}

int commit_dead_letter(struct commit *c, const struct store_dead *d, int64_t now_ms)
{
	unsigned long left_out;
	char more[LOG_MORE_SIZE];
	int rc = letters_add(&c->letters, d, false);
	if (rc < 0)
		return rc;
	if (log_allowed(&c->dead_limit, now_ms, 1000, &left_out))
		log_warning("dead letter (%s): \"%s\" at byte %" PRIu64 ": %s; kept, see "
		            "'pmta-shipper dead list'%s",
		            store_dead_kind_name(d->kind), d->file, d->start, d->reason,
		            log_more(left_out, more));
	return 0;
}

/* Makes a dead letter of a record, with its row as in the file if the file still has it. */
static int bury(struct commit *c, const struct ship_done *done, size_t i, int64_t now_ms)
{
	const struct ship_item *item = &done->items[i];
	struct tail_file *f = done->tag.owner;
	bool partial = done->outcome == SHIP_PARTIAL;
	size_t len = (size_t)(item->mark.end - item->mark.start);
	scope_free char *row = malloc(len + 1);
	if (!row)
		return -ENOMEM;
	bool there = tail_file_row(f, &item->mark, row) == 0;
	struct slice header = tail_file_header(f); /* without the line end of another file's */
	header.len = event_trim(header.text, header.len);
	const struct store_dead d = {
	        .id = item->mark.id,
	        .source = tail_file_source(f),
	        .endpoint = c->conf->endpoints[done->endpoint].name,
	        .file = tail_file_name(f),
	        .start = item->mark.start,
	        .end = item->mark.end,
	        .kind = partial ? DEAD_PARTIAL : DEAD_REFUSED,
	        .reason = done->why,
	        .status = done->status,
	        .answer = done->answer,
	        .header = header,
	        .row = there ? (struct slice){row, len}
	                     : (struct slice){done->body + item->body_start, item->body_len},
	        .row_is_json = !there,
	        .run = partial ? 0 : done->run,
	};
	tail_file_has_letters(f);
	return commit_dead_letter(c, &d, now_ms);
}

/* ---- the outcome of a batch ---- */

#define PUSH(list, n, room, value)                                                                 \
	({                                                                                         \
		bool pushed_ = (n) < (room);                                                       \
		if (!pushed_) {                                                                    \
			size_t more_ = (room) ? 2 * (room) : 16;                                   \
			void *p_ = reallocarray(list, more_, sizeof(*(list)));                     \
			if (p_) {                                                                  \
				(list) = p_;                                                       \
				(room) = more_;                                                    \
				pushed_ = true;                                                    \
			}                                                                          \
		}                                                                                  \
		if (pushed_)                                                                       \
			(list)[(n)++] = (value);                                                   \
		pushed_;                                                                           \
	})

/* The letter stays; the new answer is stored. */
static void refused_again(struct commit *c, const struct ship_done *done)
{
	const struct store_dead d = {
	        .id = done->items[0].mark.id,
	        .file = "",
	        .kind = done->outcome == SHIP_PARTIAL ? DEAD_PARTIAL : DEAD_REFUSED,
	        .reason = done->why,
	        .status = done->status,
	        .answer = done->answer,
	        .header = SLICE_EMPTY,
	        .row = SLICE_EMPTY,
	};
	if (letters_add(&c->letters, &d, true) < 0)
		log_warning("out of memory: the new answer to a dead letter is not kept");
}

void commit_redriven(struct commit *c, const struct ship_done *done)
{
	const struct hash128 id = done->items[0].mark.id;
	if (done->outcome != SHIP_ACCEPTED)
		refused_again(c, done);
	else if (!PUSH(c->dropped, c->ndropped, c->dropped_room, id))
		log_warning("out of memory: a dead letter that was delivered stays in the list");
}

/*
 * Chooses rows that identify the file later: the last, some at growing distances before it, and the
 * first, so that a shorter file that begins alike can be compared early.
 */
static size_t choose_proofs(const struct ship_done *done, struct mark proofs[PROOFS_MAX])
{
	size_t n = 0;
	uint64_t end = done->items[done->n - 1].mark.end, distance = LADDER_STEP;
	struct mark back[PROOFS_MAX];
	back[n++] = done->items[done->n - 1].mark;
	for (size_t i = done->n - 1; i-- > 0 && n < PROOFS_MAX;) {
		if (i > 0 && end - done->items[i].mark.end < distance)
			continue;
		back[n++] = done->items[i].mark;
		distance *= 4;
	}
	for (size_t i = 0; i < n; i++)
		proofs[i] = back[n - 1 - i];
	return n;
}

/* Moves the file's position, from the first item's start to the last one's end. */
static int acknowledge(struct commit *c, const struct ship_done *done, const struct tally *tally)
{
	struct mark proofs[PROOFS_MAX];
	size_t n = choose_proofs(done, proofs);
	return tailer_ack(c->tailer, done->tag.owner, done->items[0].start,
	                  done->items[done->n - 1].mark.end, proofs, n, tally);
}

/* Steps that can fail come first; letters of a batch that fails here are the same next time. */
int commit_done(struct commit *c, const struct ship_done *done, int64_t now_ms,
                struct tally *ret_tally)
{
	struct tally tally = {0};
	for (size_t i = 0; i < done->n; i++) {
		tally_add(&tally, &done->items[i].tally);
		if (ship_failed(done, i) && bury(c, done, i, now_ms) < 0)
			return -ENOMEM;
	}
	if (done->outcome == SHIP_REFUSED)
		tally.dead += done->n;
	else
		tally.acked += done->n;
	if (acknowledge(c, done, &tally) < 0)
		return -ENOMEM;
	const struct store_batch boundary = {done->tag.file, done->items[0].start,
	                                     done->items[done->n - 1].mark.end};
	if (done->stored && !PUSH(c->done, c->ndone, c->done_room, boundary))
		log_debug("out of memory: a boundary stays in the store until it is passed");
	*ret_tally = tally;
	return 0;
}

/* ---- the transaction ---- */

static int put_boundary(const struct ship_tag *tag, uint64_t start, uint64_t end, void *arg)
{
	const struct store_batch b = {tag->file, start, end};
	return store_batch_put(arg, &b);
}

static int put_all(struct commit *c, int64_t *ret_records, int64_t *ret_bytes)
{
	int rc = letters_put(&c->letters, c->store, ret_records, ret_bytes);
	for (size_t i = 0; rc == 0 && i < c->ndropped; i++)
		rc = store_dead_drop(c->store, &c->dropped[i]);
	for (size_t i = 0; rc == 0 && i < c->ndone; i++)
		rc = store_batch_drop(c->store, &c->done[i]);
	/* After the deletions, because a half of a split batch begins where its parent did. */
	if (rc == 0)
		rc = ship_boundaries(c->ship, put_boundary, c->store);
	if (rc == 0)
		rc = tailer_save(c->tailer);
	for (size_t i = 0; rc == 0 && i < c->conf->nsources; i++)
		rc = lag_put(&c->lags[i], c->store, c->conf->sources[i].name);
	return rc == 0 ? endpoint_memory_put(c->memory) : rc;
}

static bool anything(const struct commit *c)
{
	return c->letters.n > 0 || c->ndropped > 0 || c->ndone > 0 || tailer_dirty(c->tailer) ||
	       ship_has_boundaries(c->ship);
}

static void recovered(struct commit *c)
{
	if (c->degraded)
		log_info("the store can be written again: continuing");
	c->degraded = false;
}

static void committed(struct commit *c, int64_t records, int64_t bytes)
{
	recovered(c);
	c->dead_records += records;
	c->dead_bytes += bytes;
	if (c->ndropped > 0)
		commit_recount(c);
	else if (records > 0)
		(void)!store_dead_newest(c->store, &c->dead_newest_ms);
	endpoint_memory_stored(c->memory);
	for (size_t i = 0; i < c->conf->nsources; i++)
		c->lags[i].changed = false;
	clear(c);
	ship_stored(c->ship);
	tailer_saved(c->tailer);
	look_if_full(c);
}

static bool cannot_write(struct commit *c, const char *why, int64_t now_ms)
{
	unsigned long left_out;
	char more[LOG_MORE_SIZE];
	if (log_allowed(&c->store_limit, now_ms, SAY_EVERY_MS, &left_out))
		log_error("cannot write the store in \"%s\": %s; nothing new is sent until it "
		          "works, trying again every second%s",
		          c->conf->state_dir, why, log_more(left_out, more));
	c->degraded = true;
	return false;
}

/* Commits to files that were deleted would be lost with this process. */
static bool in_place(struct commit *c, int64_t now_ms)
{
	struct err err = {0};
	if (!c->misplaced && now_ms < c->look_ms)
		return true;
	int rc = store_look(c->store, &err);
	c->look_ms = now_ms + LOOK_EVERY_MS;
	c->misplaced = rc < 0;
	c->over = rc == -EBUSY || rc == -ESTALE;
	if (rc > 0)
		log_error("%s", err.text);
	return rc >= 0 || cannot_write(c, err.text, now_ms);
}

bool commit_write(struct commit *c, int64_t now_ms)
{
	int64_t records = 0, bytes = 0;
	if (!in_place(c, now_ms))
		return false;
	if (!anything(c)) {
		recovered(c);
		return true;
	}
	int rc = store_begin(c->store);
	if (rc == 0)
		rc = put_all(c, &records, &bytes);
	fault_point("in-commit");
	if (rc == 0)
		rc = store_commit(c->store, now_ms);
	fault_point("after-commit");
	if (rc == 0) {
		committed(c, records, bytes);
		return true;
	}
	(void)cannot_write(c, store_error(c->store), now_ms);
	store_rollback(c->store);
	return false;
}
