/*
 * feed.h - from one source's rows to its endpoint's batches.
 *
 * Ranges tile a file.  An item answers for its row and for all that was passed over since the item
 * before; what is passed over with no row to carry it is settled by itself, as soon as no batch is
 * open (a settled range inside an open batch would tear it apart).
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

/* What a feed joins; borrowed. */
struct feed_parts {
	const struct conf *conf;
	struct tailer *tailer;
	struct ship *ship;
	struct rules *rules; /* NULL: there are none */
	struct commit *commit;
	struct boundaries *boundaries;
	struct counters *counters;
	struct lag *lags; /* by source */
};

struct feed {
	struct feed_parts parts;
	unsigned index; /* of the source, and the lane of ship */
	const struct conf_source *conf;
	struct source_counters *counters;
	struct lag *lag;

	struct acct *acct;
	uint64_t cursor;     /* the end of the last item, or of what was settled */
	struct mark last;    /* the last row since cursor that proves something */
	struct tally passed; /* rows since cursor */
	uint64_t bound;      /* the open batch ends here: a boundary stored before; 0: none */
	bool barrier;        /* other columns follow: wait until all before is committed */
	bool warned_type;
	int64_t now_ms;     /* of this turn */
	int64_t stalled_ms; /* out of memory: not before then */
	uint64_t in_flight; /* rows handed to ship and not yet reported done */
};

/* 0 or -ENOMEM; feed_close() in either case.  f must stay where it is. */
int feed_open(struct feed *f, const struct feed_parts *parts, unsigned source,
              struct err *err) MUST_CHECK;
void feed_close(struct feed *f);

/*
 * Read until a batch is complete, nothing is left or there is no room.  Returns whether there may
 * be more at once.
 */
bool feed_fill(struct feed *f, int64_t now_ms);

/* A batch of this source was answered for and noted; tally is what became of its rows. */
void feed_done(struct feed *f, const struct ship_done *done, const struct tally *tally);

/* Rows that were read and are not settled. */
uint64_t feed_rows(const struct feed *f);

/* Nothing is under way, and nothing is there to be read. */
bool feed_idle(const struct feed *f);

#endif
