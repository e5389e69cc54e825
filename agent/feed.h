/*
 * feed.h - turns one source's rows into its endpoint's batches.
 *
 * Ranges cover a file without gaps.  An item stands for its row and for everything passed over
 * since the previous item.  Passed-over rows without a row after them are settled on their own, as
 * soon as no batch is open (a settled range inside an open batch would tear it apart).
 *
 *          cursor            acct_pos()
 *     -------|-----------------|----
 *     items    passed over
 *     so far   rows, headers
 */
#ifndef AGENT_FEED_H
#define AGENT_FEED_H

#include "conf/conf.h"
#include "csv/acct.h"
#include "record/mark.h"
#include "ship/ship.h"
#include "status/counters.h"
#include "tailer/tailer.h"

struct boundaries;
struct commit;
struct lag;
struct rules;
struct store;

/* The parts that a feed connects; borrowed. */
struct feed_parts {
	const struct conf *conf;
	struct tailer *tailer;
	struct ship *ship;
	struct rules *rules; /* NULL: no rules */
	struct commit *commit;
	struct boundaries *boundaries;
	struct counters *counters;
	struct lag *lags; /* by source */
};

struct feed {
	struct feed_parts parts;
	unsigned index; /* of the source; also the lane of ship */
	const struct conf_source *conf;
	struct source_counters *counters;
	struct lag *lag;

	struct acct *acct;
	uint64_t cursor;     /* the end of the last item or settled range */
	struct mark last;    /* the last row since cursor that can identify the file */
	struct tally passed; /* rows since cursor */
	uint64_t bound;      /* the open batch ends here, at a stored boundary; 0: none */
	bool barrier;        /* new columns follow: wait until everything before is committed */
	bool warned_type;
	int64_t logged_ms;  /* of the current row; 0: unknown */
	int64_t now_ms;     /* of this turn */
	int64_t stalled_ms; /* out of memory: read nothing before this time */
	uint64_t in_flight; /* rows passed to ship and not yet reported done */
};

/* Returns 0 or -ENOMEM; call feed_close() in either case.  f must not move. */
int feed_open(struct feed *f, const struct feed_parts *parts, unsigned source,
              struct err *err) MUST_CHECK;
void feed_close(struct feed *f);

/*
 * Reads until a batch is complete, nothing is left or there is no room.  Returns true if more may
 * be available at once.
 */
bool feed_fill(struct feed *f, int64_t now_ms);

/* Handles a batch of this source that was answered and recorded; tally counts its rows by fate. */
void feed_done(struct feed *f, const struct ship_done *done, const struct tally *tally);

/* Returns the number of rows that were read and are not settled. */
uint64_t feed_rows(const struct feed *f);

/* Returns true if nothing is in flight and nothing is left to read. */
bool feed_idle(const struct feed *f);

#endif
