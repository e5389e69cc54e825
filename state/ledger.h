/*
 * ledger.h - what of one file has been acknowledged: a contiguous prefix, and ranges beyond gaps.
 *
 * Acknowledgements come in any order; the committed offset moves over the prefix only, and what
 * lies beyond a gap is kept as ranges, so that a kill does not repeat it.  Pure memory; the caller
 * stores it.
 */
#ifndef STATE_LEDGER_H
#define STATE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "record/mark.h"

#define LEDGER_RANGES_MAX 1024 /* at this many, the caller stops reading */

struct ledger_range {
	uint64_t start, end;
	struct mark last; /* the last row in it; last.end 0 when it has none that proves anything */
};

struct ledger {
	uint64_t committed;
	struct ledger_range *ranges; /* sorted, apart from each other and from committed */
	size_t n, room;
};

/*
 * Note that [start, end) is acknowledged.  Returns 1 when the committed offset moved, with
 * *ret_last the last proving row before it if there is one; 0 when it did not; -ENOMEM with the
 * ledger unchanged.  What is known already is ignored.
 */
int ledger_ack(struct ledger *l, const struct ledger_range *range,
               struct mark *ret_last) MUST_CHECK;

/* True when the row that ends at end is acknowledged. */
bool ledger_covers(const struct ledger *l, uint64_t end);

/*
 * The end of the acknowledged range that has offset in it, or 0 when none has.  A range that began
 * there may have grown to the front since.
 */
uint64_t ledger_skip(const struct ledger *l, uint64_t offset);

/* Forget all ranges and go back (or on) to offset. */
void ledger_reset(struct ledger *l, uint64_t offset);

void ledger_free(struct ledger *l);

#endif
