/*
 * line.h - one line of a file, passed from the tailer to the reader.
 */
#ifndef RECORD_LINE_H
#define RECORD_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/event_id.h"

struct line {
	const char *text;  /* the bytes before it in the file precede it in memory, too, back to the
	                      offset that the tailer was asked to keep */
	size_t len;        /* includes its line end */
	uint64_t from;     /* end of the line handed out before: start, or less when NULs were
	                      skipped */
	uint64_t start;    /* offset in the file */
	uint64_t end;      /* offset of the next line; more than start + len when cut */
	bool cut;          /* longer than line_max: text is only its beginning */
	bool unterminated; /* the last line of a finished file, without newline */
	/* The file's salt; may be unknown only while this line is its header. */
	const struct event_salt *salt;
};

#endif
