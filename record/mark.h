/*
 * mark.h - the one value that travels the whole pipeline.
 *
 * A mark names one row of one file and proves it: where it starts, where it ends, and the eventId
 * its bytes gave when they were read.  It is made where rows are read, carried unread through
 * record and batch, and handed back to the tailer when the backend has answered.  It is a plain
 * value: copy it, keep it, never free it.
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
