/*
 * line.h - one line of a file, as the tailer hands it out and the reader takes it.
 */
#ifndef RECORD_LINE_H
#define RECORD_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/event_id.h"

struct line {
	const char *text;  /* what stood before it in the file, from where the tailer was told to
	                      keep it, stands before it in memory, too */
	size_t len;        /* its line end included */
	uint64_t from;     /* the end of what was handed out before: start, or less when
	                      NULs were passed over */
	uint64_t start;    /* where it begins in the file */
	uint64_t end;      /* where the next one begins; more than start + len when cut */
	bool cut;          /* longer than line_max: only its beginning is here */
	bool unterminated; /* the last line of a finished file, without newline */
	const struct event_salt *salt; /* of the file; unknown at most while this is its header */
};

#endif
