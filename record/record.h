/*
 * record.h - one PowerMTA accounting record, as plain data.
 *
 * A record borrows its text from the reader and the line buffer that made it.  It is read-only, and
 * valid until that reader is fed again or freed.  Copy what must last longer.
 */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "record/mark.h"

/* First cell of every record (PowerMTA User's Guide, "Accounting"). */
enum record_type {
	RECORD_DELIVERED,       /* d */
	RECORD_BOUNCED,         /* b */
	RECORD_TRANSIENT,       /* t */
	RECORD_TRANSIENT_QUEUE, /* tq */
	RECORD_RECEIVED,        /* r */
	RECORD_FEEDBACK,        /* f */
	RECORD_REMOTE_BOUNCE,   /* rb */
	RECORD_REMOTE_STATUS,   /* rs */
	RECORD_OTHER,           /* looks like a type, but is unknown */
	RECORD_NOT_A_TYPE
};

struct columns;

/* A member that the rules add; it is sent after the columns. */
struct record_extra {
	const char *name;
	const char *value; /* valid UTF-8 */
};
#define RECORD_EXTRA_MAX 4

struct record {
	enum record_type type;
	const struct columns *columns;
	const struct slice *fields;       /* one per column; NUL-terminated, valid UTF-8 */
	size_t nfields;                   /* number of columns */
	struct slice raw;                 /* the row's own bytes, with the line end */
	struct mark mark;                 /* committing this covers the row */
	size_t utf8_repaired;             /* ill-formed parts replaced by U+FFFD */
	const struct record_extra *extra; /* set by the rules; the reader sets none */
	size_t nextra;                    /* at most RECORD_EXTRA_MAX */
};

/* The names by type: "d", "b" and so on; RECORD_OTHER is "other". */
#define RECORD_TYPES (RECORD_OTHER + 1)
extern const char *const record_type_names[RECORD_TYPES];

/* Returns the record type that a first cell names. */
enum record_type record_type_of(struct slice cell);

/* Returns the value in the named column, or an empty slice when the file has no such column. */
struct slice record_get(const struct record *rec, const char *column);

#endif
