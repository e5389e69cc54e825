/*
 * commit.h - what is to be written down, and writing it: one transaction a turn of the loop, all or
 * none.
 *
 * Answers move positions in the tailer's memory and make dead letters here; commit_write() brings
 * all of it into the store, together with the boundaries of the batches that go out next.  While
 * the store takes no writes, nothing is lost: everything stays in memory and is tried again.
 */
#ifndef AGENT_COMMIT_H
#define AGENT_COMMIT_H

#include "agent/letters.h"
#include "base/log.h"
#include "conf/conf.h"
#include "ship/ship.h"
#include "state/store.h"
#include "tailer/tailer.h"

struct endpoint_memory;
struct lag;

struct commit {
	/* Borrowed; opened anew with each configuration. */
	const struct conf *conf;
	struct store *store;
	struct tailer *tailer;
	struct ship *ship;
	struct lag *lags; /* by source */
	struct endpoint_memory *memory;

	bool degraded; /* the store takes no writes */
	struct letters letters;
	struct hash128 *dropped; /* dead letters that were delivered after all */
	size_t ndropped, dropped_room;
	struct store_batch *done; /* boundaries to be dropped */
	size_t ndone, done_room;
	int64_t dead_records, dead_bytes; /* in the store */
	bool dead_full;                   /* and that is as many as there may be */
	struct log_limit store_limit, dead_limit;
};

/* The borrowed fields are set.  0 or a negative errno. */
int commit_open(struct commit *c) MUST_CHECK;
void commit_close(struct commit *c);

/* Too many dead letters: stop reading. */
bool commit_full(const struct commit *c);

/* Make a dead letter of a row, and log it.  0 or -ENOMEM. */
int commit_dead_letter(struct commit *c, const struct store_dead *d, int64_t now_ms) MUST_CHECK;

/*
 * A batch was answered for: its position moves, what was refused becomes dead letters, its boundary
 * is dropped.  *ret_tally: what became of its rows.  0, or -ENOMEM when that cannot be noted: then
 * its rows have to be sent again.
 */
int commit_done(struct commit *c, const struct ship_done *done, int64_t now_ms,
                struct tally *ret_tally) MUST_CHECK;

/* A dead letter was tried again: it is one no longer, or it stays with the new answer. */
void commit_redriven(struct commit *c, const struct ship_done *done);

/* One transaction for all that changed.  Whether everything is in the store. */
bool commit_write(struct commit *c, int64_t now_ms);

/* The dead letters in the store are others now. */
void commit_recount(struct commit *c);

#endif
