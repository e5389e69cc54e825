/*
 * ladder.h - the proofs by which a file is recognised: its last committed row, and rungs about
 * 4 KiB x 4^k before it.
 *
 * When a host crashes, the file may come back shorter than what was committed; the rungs find a
 * place from which to go on that is near the end, without keeping every row.
 */
#ifndef STATE_LADDER_H
#define STATE_LADDER_H

#include <stddef.h>
#include <stdint.h>

#include "record/mark.h"

#define LADDER_STEP 4096 /* distance of the first rung in bytes */
#define LADDER_MAX 32

struct ladder {
	size_t n;
	struct mark rungs[LADDER_MAX]; /* by end, the newest first */
};

/* Add the newest committed row; thin out so that at most two rungs stand in each distance class. */
void ladder_push(struct ladder *l, const struct mark *mark);

/* Forget the rungs that end after offset. */
void ladder_cut(struct ladder *l, uint64_t offset);

#endif
