/*
 * This file hides libcsv's oddities:
 *  - by default it trims blanks around fields (not RFC 4180) and lets a lone CR end a row: both are
 *    turned off, and the CR of a CRLF is removed before libcsv gets the line;
 *  - it has no reset; csv_fini() without callbacks puts it back to the start of a row;
 *  - only its public state shows if a quoted field is open.
 */
#include "csv/reader.h"

#include <csv.h>
#include <errno.h>
#include <stdlib.h>

#include "base/scope.h"
#include "base/utf8.h"
#include "csv/header.h"
#include "csv/shape.h"
#include "csv/simple.h"

#define FIELD_BEGUN 2 /* libcsv.c's name for this pstate; not in its header */

struct reader {
	struct reader_conf conf;
	struct csv_parser csv;
	struct columns *columns;
	char *header;
	size_t header_len;
	bool damaged; /* that header names no columns that can be trusted */
	bool own;     /* the columns are of a header of this file */

	/* The record being read. */
	bool pending;
	uint64_t start, first_end; /* start of the record, end of its first line */
	bool row_done;
	size_t ncells; /* may exceed COLUMNS_MAX: counted, not kept */
	struct slice cells[COLUMNS_MAX];
	char *arena; /* record_max + COLUMNS_MAX + 8 bytes: every cell with a NUL after it */
	size_t used;

	char *repaired;
	size_t repaired_size;
	const char *why;
};

static int no_space(unsigned char c)
{
	(void)c;
	return 0;
}

static int only_lf(unsigned char c)
{
	return c == CSV_LF;
}

static void on_cell(void *text, size_t len, void *arg)
{
	struct reader *r = arg;
	if (r->ncells < COLUMNS_MAX) {
		char *at = r->arena + r->used;
		if (len > 0)
			memcpy(at, text, len);
		at[len] = '\0';
		r->used += len + 1;
		r->cells[r->ncells] = (struct slice){at, len};
	}
	r->ncells++;
}

static void on_row(int c, void *arg)
{
	(void)c;
	((struct reader *)arg)->row_done = true;
}

int reader_new(struct reader **ret, const struct reader_conf *conf)
{
	struct reader *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->conf = *conf;
	r->why = "";
	r->arena = malloc(conf->record_max + COLUMNS_MAX + 8);
	if (!r->arena || csv_init(&r->csv, CSV_STRICT) != 0) {
		free(r->arena);
		free(r);
		return -ENOMEM;
	}
	csv_set_space_func(&r->csv, no_space);
	csv_set_term_func(&r->csv, only_lf);
	*ret = r;
	return 0;
}

struct reader *reader_free(struct reader *r)
{
	if (r) {
		csv_free(&r->csv);
		(void)columns_free(r->columns);
		free(r->header);
		free(r->arena);
		free(r->repaired);
		free(r);
	}
	return NULL;
}

void reader_drop(struct reader *r)
{
	(void)csv_fini(&r->csv, NULL, NULL, NULL);
	r->pending = false;
	r->row_done = false;
	r->ncells = 0;
	r->used = 0;
}

bool reader_pending(const struct reader *r, uint64_t *ret_start)
{
	if (r->pending)
		*ret_start = r->start;
	return r->pending;
}

struct slice reader_header(const struct reader *r)
{
	return r->header ? (struct slice){r->header, r->header_len} : SLICE_EMPTY;
}

bool reader_own_header(const struct reader *r)
{
	return r->own;
}

const char *reader_why(const struct reader *r)
{
	return r->why;
}

/* Returns true if the header is another file's: no own one ends with a line end. */
static bool is_borrowed(struct slice header)
{
	return header.len > 0 && header.text[header.len - 1] == '\n';
}

/*
 * Makes columns from the cells just read, or none if the header is damaged; text is the header line
 * as it is in the file.
 */
static int take_header(struct reader *r, struct slice text, bool damaged)
{
	struct columns *columns = NULL;
	scope_free char *copy = malloc(text.len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, text.text, text.len);
	copy[text.len] = '\0';
	for (size_t i = 0; i < text.len; i++) /* as damaged, and still a text */
		copy[i] = copy[i] == '\0' ? '\1' : copy[i];
	int rc = damaged ? 0 : columns_new(&columns, r->cells, r->ncells, r->conf.type_field);
	if (rc < 0)
		return rc;
	(void)columns_free(r->columns);
	r->columns = columns;
	free(r->header);
	r->header = STEAL(copy);
	r->header_len = text.len;
	r->damaged = damaged;
	r->own = !is_borrowed(text);
	return 0;
}

/* Makes the columns of a file for which no header is known. */
static int take_union(struct reader *r)
{
	struct columns *columns;
	scope_free char *header = strdup(READER_NONE_KNOWN);
	if (!header)
		return -ENOMEM;
	int rc = columns_union(&columns, r->conf.record_fields, r->conf.type_field);
	if (rc < 0)
		return rc;
	(void)columns_free(r->columns);
	r->columns = columns;
	free(r->header);
	r->header = STEAL(header);
	r->header_len = strlen(READER_NONE_KNOWN);
	r->damaged = r->own = false;
	return 0;
}

/* A stored header may be longer than record_max, which may have been lowered. */
static int room_for_header(struct reader *r, size_t len)
{
	if (len <= r->conf.record_max)
		return 0;
	char *p = realloc(r->arena, len + COLUMNS_MAX + 8);
	if (!p)
		return -ENOMEM;
	r->arena = p;
	return 0;
}

int reader_begin(struct reader *r, struct slice header)
{
	reader_drop(r);
	if (header.len == 0 || slice_is(header, READER_NONE_KNOWN))
		return take_union(r);
	size_t len = event_trim(header.text, header.len);
	if (header_look(header.text, len) == HEADER_DAMAGED)
		return take_header(r, header, true);
	int rc = room_for_header(r, len);
	if (rc < 0)
		return rc;
	if (csv_parse(&r->csv, header.text, len, on_cell, on_row, r) != len)
		rc = csv_error(&r->csv) == CSV_EPARSE ? -EBADMSG : -ENOMEM;
	else
		rc = csv_fini(&r->csv, on_cell, on_row, r);
	if (rc == 0)
		rc = r->ncells <= COLUMNS_MAX ? take_header(r, header, false) : -E2BIG;
	reader_drop(r);
	/* The stored text was never a header: the union is better than no columns. */
	return rc == 0 || rc == -ENOMEM ? rc : take_union(r);
}

/*
 * Rejects the first line of the pending record only (R3).  raw is the start of the record's bytes
 * in memory, first_len the length of its first line.
 */
static int reject(struct reader *r, const char *raw, size_t first_len, uint64_t end,
                  const struct event_salt *salt, const char *why, struct record *ret_rec)
{
	*ret_rec = (struct record){
	        .type = RECORD_NOT_A_TYPE,
	        .raw = {raw, first_len},
	        .mark = {r->start, end, event_id(salt, r->start, raw, first_len)},
	};
	reader_drop(r);
	r->why = why;
	return READ_REJECT;
}

/* Rejects the pending record, whose earlier lines are right before this one in memory. */
static int reject_pending(struct reader *r, const struct line *line, const char *why,
                          struct record *ret_rec)
{
	const char *raw = line->text - (line->start - r->start);
	return reject(r, raw, (size_t)(r->first_end - r->start), r->first_end, line->salt, why,
	              ret_rec);
}

static int reject_line(struct reader *r, const struct line *line, const char *why,
                       struct record *ret_rec)
{
	if (r->pending && r->start < line->start)
		return reject_pending(r, line, why, ret_rec);
	r->start = line->start;
	return reject(r, line->text, line->len, line->end, line->salt, why, ret_rec);
}

int reader_finish(struct reader *r, const struct line *end, struct record *ret_rec)
{
	if (!r->pending)
		return READ_BLANK;
	return reject_pending(r, end, "quote not closed at the end of the file", ret_rec);
}

/* Replaces ill-formed UTF-8 in the cells.  Returns 0 or -ENOMEM. */
static int repair(struct reader *r, size_t ncells, size_t *ret_repaired)
{
	size_t need = 3 * r->used + ncells;
	if (need > r->repaired_size) {
		char *p = realloc(r->repaired, need);
		if (!p)
			return -ENOMEM;
		r->repaired = p;
		r->repaired_size = need;
	}
	char *at = r->repaired;
	for (size_t i = 0; i < ncells; i++) {
		size_t bad;
		if (utf8_valid(r->cells[i].text, r->cells[i].len))
			continue;
		size_t len = utf8_repair(r->cells[i].text, r->cells[i].len, at, &bad);
		if (bad > 0)
			r->cells[i] = (struct slice){at, len};
		*ret_repaired += bad;
		at += len + 1;
	}
	return 0;
}

/* Returns why the complete row in r->cells is not a record, or NULL. */
static const char *fault(const struct reader *r, enum record_type type, bool unterminated)
{
	if (type == RECORD_NOT_A_TYPE)
		return "first cell is not a record type";
	if (r->damaged)
		return "the header before it is damaged: its columns are not known";
	if (!r->own && !shape_fits(r->columns, r->cells, r->ncells))
		return "no header line";
	if (r->ncells > r->columns->n)
		return "more cells than columns";
	if (unterminated && r->ncells != r->columns->n)
		return "last line of the file is cut off";
	return NULL;
}

static int take_record(struct reader *r, const struct line *line, struct slice raw,
                       struct record *ret_rec)
{
	enum record_type type = record_type_of(r->cells[0]);
	const char *why = fault(r, type, line->unterminated);
	if (why)
		return reject_line(r, line, why, ret_rec);
	size_t repaired = 0;
	if (!utf8_plain(raw.text, raw.len) && repair(r, r->ncells, &repaired) < 0) {
		reader_drop(r);
		return -ENOMEM;
	}
	for (size_t i = r->ncells; i < r->columns->n; i++)
		r->cells[i] = SLICE_EMPTY;
	*ret_rec = (struct record){
	        .type = type,
	        .columns = r->columns,
	        .fields = r->cells,
	        .nfields = r->columns->n,
	        .raw = raw,
	        .mark = {r->start, line->end, event_id(line->salt, r->start, raw.text, raw.len)},
	        .utf8_repaired = repaired,
	};
	r->pending = false; /* the cells stay as they are until the next line */
	return READ_RECORD;
}

/* Takes a header from the cells just read, or one that is damaged. */
static int take_names(struct reader *r, const struct line *line, struct slice raw, bool damaged,
                      struct record *ret_rec)
{
	struct slice header = {raw.text, event_trim(raw.text, raw.len)};
	size_t mark = r->start == 0 ? utf8_boms(header.text, header.len) : 0;
	header = (struct slice){header.text + mark, header.len - mark};
	*ret_rec = (struct record){.raw = raw, .mark = {r->start, line->end, {{0}}}};
	bool same = r->header && r->header_len == header.len &&
	            memcmp(r->header, header.text, header.len) == 0;
	int rc = 0;
	if (!same && !line->unterminated)
		rc = take_header(r, header, damaged);
	reader_drop(r);
	if (rc < 0)
		return rc;
	return same || line->unterminated ? READ_HEADER : READ_COLUMNS;
}

/* Looks at the lines of the pending record, without their end and marks. */
static enum header_look look_of(const struct reader *r, struct slice raw)
{
	size_t len = event_trim(raw.text, raw.len);
	size_t mark = r->start == 0 ? utf8_boms(raw.text, len) : 0;
	return header_look(raw.text + mark, len - mark);
}

/* Takes a complete row: a header, a record, or neither. */
static int take_row(struct reader *r, const struct line *line, struct record *ret_rec)
{
	const char *text = line->text - (line->start - r->start);
	struct slice raw = {text, (size_t)(line->text + line->len - text)};
	bool type = header_is_type(r->cells[0]);
	if (!type && record_type_of(r->cells[0]) < RECORD_OTHER)
		return take_record(r, line, raw, ret_rec);
	enum header_look look = look_of(r, raw);
	if (look == HEADER_DAMAGED)
		return take_names(r, line, raw, true, ret_rec);
	if (!type)
		return take_record(r, line, raw, ret_rec);
	if (r->ncells > COLUMNS_MAX)
		return reject_line(r, line, "header with too many columns", ret_rec);
	return take_names(r, line, raw, false, ret_rec);
}

/* Feeds text to libcsv.  Returns 0, -EBADMSG if RFC 4180 does not allow it, or -ENOMEM. */
static int parse(struct reader *r, const char *text, size_t len)
{
	if (csv_parse(&r->csv, text, len, on_cell, on_row, r) == len)
		return 0;
	return csv_error(&r->csv) == CSV_EPARSE ? -EBADMSG : -ENOMEM;
}

static bool in_quotes(const struct reader *r)
{
	return r->csv.quoted && r->csv.pstate == FIELD_BEGUN;
}

/* Feeds one line, with the line end that libcsv needs.  Sets row_done if that ends the row. */
static int parse_line(struct reader *r, const char *text, size_t len, bool unterminated)
{
	size_t body = event_trim(text, len);
	if (unterminated || body + 1 != len) { /* no line end, or CRLF */
		int rc = parse(r, text, body);
		if (rc < 0)
			return rc;
		if (in_quotes(r) && !unterminated)
			return parse(r, "\r\n", 2);
		if (in_quotes(r))
			return -EBADMSG;
		return parse(r, "\n", 1);
	}
	return parse(r, text, len);
}

/* Returns why this line is rejected before parsing, or NULL. */
static const char *line_fault(const struct reader *r, const struct line *line)
{
	if (r->pending && line->from != line->start)
		return "NUL bytes inside the record";
	if (line->cut || line->end - r->start > r->conf.record_max + 2)
		return r->pending && r->start < line->start ? "quote not closed within record-max"
		                                            : "longer than record-max";
	if (memchr(line->text, '\0', line->len))
		return "NUL byte inside the record";
	return NULL;
}

/* Splits a row that needs no parser.  Returns false, with no cells, for any other row. */
static bool take_simple(struct reader *r, const char *text, size_t len)
{
	size_t body = event_trim(text, len);
	memcpy(r->arena, text, body);
	r->ncells = simple_split(r->arena, body, r->cells, COLUMNS_MAX);
	r->used = body + 1;
	return r->ncells > 0;
}

int reader_feed(struct reader *r, const struct line *line, struct record *ret_rec)
{
	const char *text = line->text;
	size_t len = line->len;
	if (!r->pending) {
		reader_drop(r);
		size_t mark = line->start == 0 ? utf8_boms(text, len) : 0;
		text += mark;
		len -= mark;
		if (event_is_blank(text, event_trim(text, len)) && !line->cut)
			return READ_BLANK;
		r->start = line->start;
	}
	const char *why = line_fault(r, line);
	struct slice raw = {line->text, line->len};
	if (why && !r->pending && !line->cut && look_of(r, raw) == HEADER_DAMAGED)
		return take_names(r, line, raw, true, ret_rec);
	if (why)
		return reject_line(r, line, why, ret_rec);
	if (!r->pending) {
		if (take_simple(r, text, len))
			return take_row(r, line, ret_rec);
		r->used = 0;
		r->pending = true;
		r->first_end = line->end;
	}
	int rc = parse_line(r, text, len, line->unterminated);
	if (rc == -EBADMSG)
		return reject_line(r, line, in_quotes(r) ? "quote not closed" : "bad quoting",
		                   ret_rec);
	if (rc < 0) {
		reader_drop(r);
		return rc;
	}
	return r->row_done ? take_row(r, line, ret_rec) : READ_MORE;
}

int reader_row(struct reader *r, const struct line *row, struct record *ret_rec)
{
	struct line line = *row;
	const char *end = row->text + row->len;
	int rc = READ_BLANK;
	for (const char *p = row->text; p < end; p += line.len) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		line.text = p;
		line.len = (size_t)((newline ? newline + 1 : end) - p);
		line.from = line.start = row->start + (uint64_t)(p - row->text);
		line.end = line.start + line.len;
		line.unterminated = !newline;
		rc = reader_feed(r, &line, ret_rec);
		if (rc != READ_MORE)
			break;
	}
	return rc;
}
