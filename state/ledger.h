/*
 * ledger.h - the acknowledged part of one file: a contiguous prefix, and ranges after gaps.
 *
 * Acknowledgements come in any order.  The committed offset moves over the prefix only; rows after
 * a gap are kept as ranges, so that they are not sent again after a kill.  This is memory only; the
 * caller stores it.
 */
#ifndef STATE_LEDGER_H
#define STATE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "record/mark.h"
#include "state/parts.h"

#define LEDGER_RANGES_MAX 1024 /* at this many, the caller stops reading */

struct ledger_range {
	uint64_t start, end;
	struct mark last; /* the last row in it that can be a proof; last.end is 0 for none */
};

struct ledger {
	uint64_t committed;
	struct ledger_range *ranges; /* sorted; none touches another or committed */
	size_t n, room;
	struct parts parts; /* how it was settled */
};

/*
 * Records that [start, end) is acknowledged.  Returns 1 when the committed offset moved, with
 * *ret_last the last row before it that can be a proof (end 0 for none); 0 when it did not;
 * -ENOMEM with the ledger unchanged.  Bytes that are already acknowledged are ignored.
 */
int ledger_ack(struct ledger *l, const struct ledger_range *range,
               struct mark *ret_last) MUST_CHECK;

/* Returns true if the row that ends at end is acknowledged. */
bool ledger_covers(const struct ledger *l, uint64_t end);

/*
 * Returns the end of the acknowledged range that contains offset, or 0 for none.  A range that
 * began at offset may meanwhile begin before it.
 */
uint64_t ledger_skip(const struct ledger *l, uint64_t offset);

/*
 * The rows that are settled from now on are settled in this way (its from is ignored).  A second
 * call with the same costs next to nothing.
 */
void ledger_settling(struct ledger *l, const struct part *how);

/* Drops all ranges and sets the committed offset, back or forward; parts after it are forgotten. */
void ledger_reset(struct ledger *l, uint64_t offset);

void ledger_free(struct ledger *l);

#endif
