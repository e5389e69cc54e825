#include "csv/acct.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/scope.h"
#include "csv/header.h"

struct acct {
	struct acct_conf conf;
	struct reader *reader;
	int64_t columns_of;     /* id of the file whose columns the reader has; 0: none */
	char *last;             /* the last header of the source, as reader_begin() takes it */
	bool assumed;           /* the file has no header stored: another one's, or none, applies */
	struct tail_file *file; /* held */
	uint64_t pos;           /* end of the last line, start of the next */
};

int acct_new(struct acct **ret, const struct acct_conf *conf)
{
	struct acct *a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->conf = *conf;
	if (reader_new(&a->reader, &conf->reader) < 0) {
		free(a);
		return -ENOMEM;
	}
	*ret = a;
	return 0;
}

struct acct *acct_free(struct acct *a)
{
	if (a) {
		(void)reader_free(a->reader);
		free(a->last);
		free(a);
	}
	return NULL;
}

struct tail_file *acct_file(const struct acct *a)
{
	return a->file;
}

uint64_t acct_pos(const struct acct *a)
{
	uint64_t start;
	return reader_pending(a->reader, &start) ? start : a->pos;
}

struct slice acct_header(const struct acct *a)
{
	struct slice header = reader_header(a->reader);
	return (struct slice){header.text, event_trim(header.text, header.len)};
}

/*
 * Begins with the header stored for the file; else with the last one of the source that was read
 * here, or that the store has.  What is assumed is stored with the position of the first row, so
 * that it is the same when reading continues there (R2).
 */
static int begin(struct acct *a, const struct tail_file *file)
{
	struct slice header = tail_file_header(file);
	a->assumed = header.len == 0;
	if (!a->assumed)
		return reader_begin(a->reader, header);
	int rc = a->last ? 0 : tailer_headers(a->conf.tailer, file, header_borrow, &a->last);
	return rc < 0 ? rc
	              : reader_begin(a->reader, slice_of(a->last ? a->last : READER_NONE_KNOWN));
}

/* Continues at offset, where a row begins. */
static void go_back(struct acct *a, uint64_t offset)
{
	reader_drop(a->reader);
	tail_file_seek(a->file, offset);
	a->pos = offset;
}

/* A half-read record is read again from its first line when its file's turn comes. */
static void put_back(struct acct *a)
{
	uint64_t start;
	if (reader_pending(a->reader, &start))
		go_back(a, start);
}

void acct_leave(struct acct *a)
{
	if (a->file)
		tailer_release(a->conf.tailer, a->file, 1);
	a->file = NULL;
}

/* Goes to the line of file at from, which does not follow the last line. */
static int enter(struct acct *a, struct tail_file *file, uint64_t from)
{
	if (file != a->file) {
		put_back(a);
	} else { /* its half-read record is in an acknowledged range */
		a->pos = acct_pos(a);
		reader_drop(a->reader);
	}
	int rc = a->conf.settle(from, a->conf.arg);
	if (rc < 0)
		return rc;
	if (file != a->file)
		acct_leave(a);
	if (a->columns_of != tail_file_id(file) || from != a->pos)
		rc = begin(a, file);
	if (rc < 0)
		return rc;
	if (!a->file)
		tailer_hold(file);
	a->file = file;
	a->columns_of = tail_file_id(file);
	a->pos = from;
	return 0;
}

/* Returns true if the reader's columns are recorded for the file. */
static bool columns_noted(const struct acct *a)
{
	struct slice known = tail_file_header(a->file), now = reader_header(a->reader);
	return known.len == now.len && memcmp(known.text, now.text, now.len) == 0;
}

void acct_again(struct acct *a, const struct acct_row *row)
{
	go_back(a, row->rec.mark.start);
	/* Without memory the reader keeps the columns of the header that is read again next. */
	if (!columns_noted(a) && begin(a, a->file) < 0)
		a->columns_of = 0;
}

int acct_take_columns(struct acct *a)
{
	char *last = NULL;
	struct slice header = reader_header(a->reader);
	int rc = reader_own_header(a->reader) ? header_borrow(header, &last) : 0;
	if (rc == 0)
		rc = tail_file_set_header(a->file, header);
	if (last) {
		free(a->last);
		a->last = last;
	}
	a->assumed = a->assumed && rc < 0;
	return rc;
}

/* Hands out the reader's result for the line. */
static int hand_out(struct acct *a, enum read_result result, const struct line *line,
                    struct acct_row *row)
{
	switch (result) {
	case READ_MORE:
		tail_file_keep(a->file, acct_pos(a));
		return ACCT_PASSED;
	case READ_BLANK:
		return ACCT_PASSED;
	case READ_HEADER: /* if not recorded, memory ran out when the columns changed */
		return columns_noted(a) || !reader_own_header(a->reader) ? ACCT_PASSED
		                                                         : ACCT_COLUMNS;
	case READ_COLUMNS:
		return ACCT_COLUMNS;
	case READ_RECORD:
		row->proves = true;
		return ACCT_RECORD;
	case READ_REJECT:
		break;
	}
	row->why = reader_why(a->reader);
	row->proves = !line->cut;
	if (row->rec.mark.end != line->end)
		go_back(a, row->rec.mark.end);
	return ACCT_UNREADABLE;
}

int acct_next(struct acct *a, struct acct_row *ret_row)
{
	struct tail_file *file;
	struct line line;
	int found = tailer_next(a->conf.tailer, a->conf.source, &line, &file);
	if (found == TAIL_NOTHING) {
		put_back(a);
		return ACCT_NOTHING;
	}
	if (found == TAIL_LATER)
		return ACCT_LATER;
	int rc = file != a->file || line.from != a->pos ? enter(a, file, line.from) : 0;
	if (rc < 0) {
		tail_file_seek(file, line.from);
		return rc;
	}
	uint64_t start = acct_pos(a);
	/* At the end of a finished file a record that is still open will never be closed. */
	rc = found == TAIL_END ? reader_finish(a->reader, &line, &ret_row->rec)
	                       : reader_feed(a->reader, &line, &ret_row->rec);
	if (rc < 0) {
		go_back(a, start);
		return rc;
	}
	if ((rc == READ_RECORD || rc == READ_REJECT) && a->assumed && acct_take_columns(a) < 0) {
		go_back(a, start);
		return -ENOMEM;
	}
	a->pos = line.end;
	ret_row->headless = !reader_own_header(a->reader);
	fault_point("after-read");
	return hand_out(a, (enum read_result)rc, &line, ret_row);
}
