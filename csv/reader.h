/*
 * reader.h - turn the lines of one file into records.
 *
 * One reader serves one file at a time.  Only reader.c includes libcsv.
 *
 * Promises
 *
 *  R1  Input is untrusted.  No byte sequence makes the reader crash, loop, or hold more than
 *      record_max bytes and COLUMNS_MAX cells.
 *  R2  Starting again at any committed mark gives the same records from there on as reading from
 *      the top would have.
 *  R3  A bad record is an answer, not an error: it comes out as READ_REJECT with its raw bytes and
 *      its mark, travels the same way as the good ones, and reading goes on with the line after
 *      its FIRST line: an unclosed quote costs one line, not the good rows after it.  No input can
 *      block a file.
 *  R4  Fields are exactly what RFC 4180 says they are: blanks at either end are kept, a doubled
 *      quote is one quote, and a line end inside quotes stays as it was written.
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
	const struct strlist *record_fields; /* for files without a header; not owned */
	const char *type_field;              /* the name that "type" gets; not owned */
};

enum read_result {
	READ_MORE = 0, /* the line was taken; the record goes on in the next line */
	READ_BLANK,    /* nothing in it */
	READ_HEADER,   /* *ret_rec.raw is a header that gives the columns in force already */
	READ_COLUMNS,  /* it is a header with other columns, in force from here on */
	READ_RECORD,   /* *ret_rec is a record */
	READ_REJECT    /* *ret_rec has raw and mark; reader_why() says what is wrong */
};

int reader_new(struct reader **ret, const struct reader_conf *conf) MUST_CHECK;
struct reader *reader_free(struct reader *r);

/*
 * Begin with a file: forget header and half-read record.  header is the header line in force
 * there, as reader_header() once gave it, or empty: then the file's own or record_fields' union
 * counts.  Returns 0 or -ENOMEM.
 */
int reader_begin(struct reader *r, struct slice header) MUST_CHECK;

/*
 * Take one line.  Returns an enum read_result, or -ENOMEM with the reader as if the line had never
 * been fed, so that the record may be fed again from its first line on (reader_pending()).
 *
 * After READ_REJECT, feed the line that begins at ret_rec->mark.end next: that may be before the
 * end of the line just fed (R3).
 */
int reader_feed(struct reader *r, const struct line *line, struct record *ret_rec) MUST_CHECK;

/*
 * One whole row that was read before, its line ends included: READ_RECORD, another enum
 * read_result, or -ENOMEM.  For dead letters.
 */
int reader_row(struct reader *r, const struct line *row, struct record *ret_rec) MUST_CHECK;

/*
 * The file has ended.  end is an empty line that stands where the next one would.  READ_REJECT when
 * a quoted field was still open, else READ_BLANK.
 */
int reader_finish(struct reader *r, const struct line *end, struct record *ret_rec) MUST_CHECK;

/* Where the half-read record begins, when there is one. */
bool reader_pending(const struct reader *r, uint64_t *ret_start);

/* Forget a half-read record; its first line will be fed again. */
void reader_drop(struct reader *r);

/* The header line in force, without its line end; empty when there is none.  Valid until it
 * changes. */
struct slice reader_header(const struct reader *r);

/* Why the last record was rejected: "quote not closed".  Fixed words. */
const char *reader_why(const struct reader *r);

#endif
