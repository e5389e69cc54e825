/*
 * record.h - one PowerMTA accounting record, as plain data.
 *
 * A record borrows its text from the reader and the line buffer that made it.  It is read-only, and
 * it is gone when that reader is fed again or freed.  Whoever wants to keep something copies it.
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
	RECORD_OTHER,           /* looks like a type, but nobody knows it */
	RECORD_NOT_A_TYPE
};

struct columns;

/* A member that goes over the wire behind the columns: what the rules said. */
struct record_extra {
	const char *name;
	const char *value; /* valid UTF-8 */
};
#define RECORD_EXTRA_MAX 4

struct record {
	enum record_type type;
	const struct columns *columns;
	const struct slice *fields;       /* one for each column; NUL-terminated, valid UTF-8 */
	size_t nfields;                   /* number of columns */
	struct slice raw;                 /* the row's own bytes, line end included */
	struct mark mark;                 /* committing this covers the row */
	size_t utf8_repaired;             /* ill-formed parts replaced by U+FFFD */
	const struct record_extra *extra; /* of whoever judged it; the reader knows of none */
	size_t nextra;                    /* at most RECORD_EXTRA_MAX */
};

/* By type: "d", "b" and so on; that of RECORD_OTHER is "other". */
#define RECORD_TYPES (RECORD_OTHER + 1)
extern const char *const record_type_names[RECORD_TYPES];

/* What a first cell says. */
enum record_type record_type_of(struct slice cell);

/* The value under a column name, or an empty slice when the file has no such column. */
struct slice record_get(const struct record *rec, const char *column);

#endif
