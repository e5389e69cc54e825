/*
 * reader.h - turns the lines of one file into records.
 *
 * One reader serves one file at a time.  Only reader.c includes libcsv.
 *
 * Promises
 *
 *  R1  Input is untrusted.  No byte sequence makes the reader crash, loop, or hold more than
 *      record_max bytes and COLUMNS_MAX cells.
 *  R2  Starting again at any committed mark gives the same records as reading from the beginning.
 *  R3  A bad record is a result, not an error: READ_REJECT gives its raw bytes and its mark, it is
 *      passed on like a good record, and reading continues with the line after its FIRST line: an
 *      unclosed quote costs one line, not the good rows after it.  No input can block a file.
 *  R4  Fields are exactly as RFC 4180 defines them: blanks at either end are kept, a doubled quote
 *      is one quote, and a line end inside quotes stays as it was written.
 */
#ifndef CSV_READER_H
#define CSV_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "record/columns.h"
#include "record/line.h"
#include "record/record.h"

struct reader;

struct reader_conf {
	size_t record_max;                   /* bytes in one record, all its lines together */
	const struct strlist *record_fields; /* if no header is known; not owned */
	const char *type_field;              /* the name that "type" gets; not owned */
};

enum read_result {
	READ_MORE = 0, /* the record continues in the next line */
	READ_BLANK,    /* the line is blank */
	READ_HEADER,   /* *ret_rec.raw is a header with the current columns */
	READ_COLUMNS,  /* *ret_rec.raw is a header with other columns, which apply from here on */
	READ_RECORD,   /* *ret_rec is a record */
	READ_REJECT    /* *ret_rec has raw and mark; reader_why() gives the reason */
};

int reader_new(struct reader **ret, const struct reader_conf *conf) MUST_CHECK;
struct reader *reader_free(struct reader *r);

/*
 * Begins with a file: drops the header and a half-read record.  header is the header line that
 * applies there, from an earlier reader_header(); or the last one of another file, with a line end
 * after it; or READER_NONE_KNOWN, or empty: then record_fields' union applies.  Until a header
 * comes in the file, only rows that fit those columns are records (shape.h), the others are
 * rejected: "no header line".  Returns 0 or -ENOMEM.
 */
#define READER_NONE_KNOWN "\n"
int reader_begin(struct reader *r, struct slice header) MUST_CHECK;

/*
 * Takes one line.  Returns an enum read_result, or -ENOMEM with the reader as if the line had never
 * been fed, so that the record may be fed again from its first line (reader_pending()).
 *
 * After READ_REJECT, feed the line that begins at ret_rec->mark.end next: that may be before the
 * end of the line just fed (R3).
 */
int reader_feed(struct reader *r, const struct line *line, struct record *ret_rec) MUST_CHECK;

/*
 * Takes one whole row that was read before, with its line ends.  Returns READ_RECORD, another enum
 * read_result, or -ENOMEM.  For dead letters.
 */
int reader_row(struct reader *r, const struct line *row, struct record *ret_rec) MUST_CHECK;

/*
 * Ends a file.  end is an empty line at the position of the next one.  Returns READ_REJECT when a
 * quoted field was still open, else READ_BLANK.
 */
int reader_finish(struct reader *r, const struct line *end, struct record *ret_rec) MUST_CHECK;

/* Returns true and the start of the half-read record, if there is one. */
bool reader_pending(const struct reader *r, uint64_t *ret_start);

/* Drops a half-read record; its first line will be fed again. */
void reader_drop(struct reader *r);

/*
 * Returns the current header line without its line end; with one it is another file's, or
 * READER_NONE_KNOWN.  Valid until it changes.
 */
struct slice reader_header(const struct reader *r);

/* Returns true if that header is of the file that is read. */
bool reader_own_header(const struct reader *r);

/* Returns why the last record was rejected, such as "quote not closed": a constant text. */
const char *reader_why(const struct reader *r);

#endif
