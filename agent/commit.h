/*
 * commit.h - collects what is to be stored, and stores it: one transaction per turn of the loop,
 * all or none.
 *
 * Answers move positions in the tailer's memory and make dead letters here; commit_write() stores
 * all of it, with the boundaries of the batches that are sent next.  While the store cannot be
 * written, nothing is lost: everything stays in memory and is tried again.
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
	/* Borrowed; set again for each configuration. */
	const struct conf *conf;
	struct store *store;
	struct tailer *tailer;
	struct ship *ship;
	struct lag *lags; /* by source */
	struct endpoint_memory *memory;

	bool degraded;   /* the store cannot be written */
	bool misplaced;  /* its files are gone, and it could not be written again */
	bool over;       /* it is another process's, or overwritten: this one has to end */
	int64_t look_ms; /* when to look again if its files are in place; 0: now */
	struct letters letters;
	struct hash128 *dropped; /* dead letters that have been delivered */
	size_t ndropped, dropped_room;
	struct store_batch *done; /* boundaries to delete */
	size_t ndone, done_room;
	int64_t dead_records, dead_bytes; /* in the store */
	int64_t dead_newest_ms;           /* when the newest of them was made; 0: there is none */
	bool dead_full;                   /* they have reached their limit */
	struct log_limit store_limit, dead_limit;
};

/* The caller sets the borrowed fields first.  Returns 0 or a negative errno. */
int commit_open(struct commit *c) MUST_CHECK;
void commit_close(struct commit *c);

/* Returns true when there are too many dead letters: stop reading. */
bool commit_full(const struct commit *c);

/* Makes a dead letter of a row, and logs it.  Returns 0 or -ENOMEM. */
int commit_dead_letter(struct commit *c, const struct store_dead *d, int64_t now_ms) MUST_CHECK;

/*
 * Handles a batch that was answered: its position moves, its refused rows become dead letters, its
 * boundary is deleted.  *ret_tally counts its rows by fate.  Returns 0, or -ENOMEM when that cannot
 * be recorded: then its rows have to be sent again.
 */
int commit_done(struct commit *c, const struct ship_done *done, int64_t now_ms,
                struct tally *ret_tally) MUST_CHECK;

/* Handles the answer to a retried dead letter: it is deleted, or stays with the new answer. */
void commit_redriven(struct commit *c, const struct ship_done *done);

/* Writes all changes in one transaction.  Returns true if everything is in the store. */
bool commit_write(struct commit *c, int64_t now_ms);

/* Counts the dead letters in the store again after a change there. */
void commit_recount(struct commit *c);

#endif
