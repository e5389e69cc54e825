/*
 * acct.h - the rows of the accounting files that a source follows, one after the other.
 *
 * It joins tailer and reader, and owns the reading position: a half-read record is read again when
 * the rest of it is there, reading continues after the first line of a row that is not a record
 * (R3), and the caller gets a row again if it could not take it.
 *
 * Rows tile a file: each begins where the one before ended, apart from blank lines and headers.
 * Before any other step (to another file, or over a range that was acknowledged earlier), settle()
 * is called.
 *
 *      rows, headers        half-read
 *      handed out           record
 *     -----------------|--------------|----
 *                 acct_pos()     the last line ends
 */
#ifndef CSV_ACCT_H
#define CSV_ACCT_H

#include "csv/reader.h"
#include "tailer/tailer.h"

struct acct;

/*
 * Reading continues at offset from, in another file or after a range that is not read again.
 * acct_file() and acct_pos() still give the old position.  Returns 0, or a negative errno, which
 * acct_next() returns; then its next call repeats this one.
 */
typedef int acct_settle_fn(uint64_t from, void *arg);

struct acct_conf {
	struct tailer *tailer; /* borrowed */
	size_t source;
	struct reader_conf reader;
	acct_settle_fn *settle;
	void *arg;
};

enum acct_result {
	ACCT_NOTHING = 0, /* the files are read to their end for now */
	ACCT_PASSED,      /* a line that is not a row: blank, the current header, or the start of a
	                     record; or the end of a file */
	ACCT_RECORD,
	ACCT_UNREADABLE, /* a row that is not a record: raw, mark and why are set */
	ACCT_COLUMNS,    /* a header with other columns: raw and mark are set; see below */
	ACCT_LATER       /* there is more, after the next tailer_wake() */
};

struct acct_row {
	struct record rec; /* valid until the next call */
	const char *why;   /* why it is unreadable: a constant text */
	bool headless;     /* no header came before it in its file */
	bool proves;       /* its mark can be a proof: not so for an unreadable row that was cut */
};

/* Returns 0 or -ENOMEM. */
int acct_new(struct acct **ret, const struct acct_conf *conf) MUST_CHECK;
/* Its file stays held: tailer_rewind() and tailer_close() release it. */
struct acct *acct_free(struct acct *a);

/*
 * Gives the next row.  Returns an enum acct_result, or a negative errno (-ENOMEM, or settle()'s);
 * after an error the next call gives the same row.
 *
 * After ACCT_COLUMNS call acct_take_columns() or acct_again().
 */
int acct_next(struct acct *a, struct acct_row *ret_row) MUST_CHECK;

/* The next call hands out the last row again, which must not be ACCT_PASSED. */
void acct_again(struct acct *a, const struct acct_row *row);

/* Stores the columns just handed out with the file's position from now on.  0 or -ENOMEM. */
int acct_take_columns(struct acct *a) MUST_CHECK;

/* Returns the file that is read, held since its first row; NULL for none. */
struct tail_file *acct_file(const struct acct *a);

/* Returns the end of the rows handed out from it; a half-read record begins there. */
uint64_t acct_pos(const struct acct *a);

/* Returns the current header, which may be another file's; empty when none is known. */
struct slice acct_header(const struct acct *a);

/* After ACCT_NOTHING, when nothing of the file is left to be settled: releases the file. */
void acct_leave(struct acct *a);

#endif
