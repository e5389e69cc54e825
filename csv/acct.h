/*
 * acct.h - the rows of the accounting files that a source follows, one after the other.
 *
 * Joins tailer and reader, and owns the reading position: a half-read record is read again when the
 * rest of it is there, reading goes on after the first line of a row that is no record (R3), and a
 * row comes again for whoever could not take it.
 *
 * Rows tile a file: each begins where the one before ended, blank lines and headers between them.
 * Where that is not so (another file; a range that was acknowledged earlier), settle() is called
 * first.
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
 * Reading goes on at offset from, of another file or after a range that needs no reading.
 * acct_file() and acct_pos() still say where it was.  Returns 0, or a negative errno: acct_next()
 * returns that, and comes here again.
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
	ACCT_PASSED,      /* a line that is no row: blank, the header in force, or the beginning of
	                     a record; or a file ended */
	ACCT_RECORD,
	ACCT_UNREADABLE, /* a row that is no record: raw and mark are set, and why */
	ACCT_COLUMNS     /* a header with other columns, raw and mark are set; see below */
};

struct acct_row {
	struct record rec; /* good until the next call */
	const char *why;   /* it is unreadable: fixed words */
	bool proves;       /* its mark does; not that of an unreadable row which was cut */
};

/* 0 or -ENOMEM. */
int acct_new(struct acct **ret, const struct acct_conf *conf) MUST_CHECK;
/* A file that it holds stays held: tailer_rewind() and tailer_close() end that. */
struct acct *acct_free(struct acct *a);

/*
 * The next row: an enum acct_result, or a negative errno (-ENOMEM, or what settle() returned); then
 * the same comes again.
 *
 * After ACCT_COLUMNS call acct_take_columns() or acct_again().
 */
int acct_next(struct acct *a, struct acct_row *ret_row) MUST_CHECK;

/* The row handed out last, which is no ACCT_PASSED, comes again. */
void acct_again(struct acct *a, const struct acct_row *row);

/* The columns just handed out are stored with the file's position from now on.  0 or -ENOMEM. */
int acct_take_columns(struct acct *a) MUST_CHECK;

/* The file that is read, held since its first row; NULL for none. */
struct tail_file *acct_file(const struct acct *a);

/* The end of what was handed out of it; a half-read record begins there. */
uint64_t acct_pos(const struct acct *a);

/* The header in force; empty when there is none. */
struct slice acct_header(const struct acct *a);

/* After ACCT_NOTHING: nothing of the file is left to be settled, and it is held no longer. */
void acct_leave(struct acct *a);

#endif
