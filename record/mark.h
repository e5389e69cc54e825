/*
 * mark.h - the one value that passes through the whole pipeline.
 *
 * A mark identifies one row of one file and proves it: its start, its end, and the eventId of its
 * bytes when they were read.  The reader makes it, record and batch carry it without looking at it,
 * and the tailer gets it back when the backend has answered.  It is a plain value: copy it, keep
 * it, never free it.
 */
#ifndef RECORD_MARK_H
#define RECORD_MARK_H

#include <stdint.h>

#include "base/hash.h"

struct mark {
	uint64_t start;    /* first byte of the row */
	uint64_t end;      /* first byte after it */
	struct hash128 id; /* its eventId: the proof */
};

#endif
