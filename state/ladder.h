/*
 * ladder.h - the proofs by which a file is recognised: its last committed row, and rungs (rows)
 * about 4 KiB x 4^k before it.
 *
 * After a host crash the file may be shorter than the committed offset; a rung then gives a place
 * near the end from which to continue, without keeping every row.
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

/* Adds the newest committed row; removes rungs so that each distance class has two at most. */
void ladder_push(struct ladder *l, const struct mark *mark);

/* Removes the rungs that end after offset. */
void ladder_cut(struct ladder *l, uint64_t offset);

#endif
