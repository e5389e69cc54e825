/*
 * Any bytes as a file of the reader: split into lines as the tailer does, fed, marks compared.
 *
 * R1: no crash, no loop, bounds kept.  R2: the same records from every mark on.  R3: only the first
 * line is rejected, and reading continues after it.
 */
#include "tests/fuzz/fuzz.h"

#include "base/utf8.h"
#include "csv/header.h"
#include "csv/reader.h"

#define RESULTS_MAX 4096

static char fields[] = "b timeQueued,timeLogged,orig";
static char *const field_list[] = {fields};
static const struct strlist record_fields = {(char **)field_list, 1};

struct result {
	int what;
	struct mark mark;
};

struct run {
	const char *text;
	size_t size;
	size_t record_max;
	struct event_salt salt;
	struct reader *reader;
	struct result results[RESULTS_MAX];
	size_t n;
	struct slice assumed; /* until a header comes */
};

/* The line at pos, as follow_next() returns it from a finished file.  Returns false at the end. */
static bool next_line(const struct run *r, size_t pos, struct line *ret)
{
	const size_t line_max = r->record_max + 2;
	size_t start = pos;
	while (start < r->size && r->text[start] == '\0')
		start++;
	const char *p = r->text + start;
	const char *newline = memchr(p, '\n', r->size - start);
	size_t len = newline ? (size_t)(newline + 1 - p) : r->size - start;
	*ret = (struct line){.text = p,
	                     .len = len < line_max ? len : line_max,
	                     .from = pos,
	                     .start = start,
	                     .end = start + len,
	                     .cut = len > line_max,
	                     .unterminated = !newline && len <= line_max,
	                     .salt = &r->salt};
	return len > 0;
}

static void check_record(const struct run *r, const struct record *rec)
{
	PROMISE(rec->nfields <= COLUMNS_MAX && rec->nfields == rec->columns->n);
	PROMISE(rec->raw.len <= r->record_max + 2);
	for (size_t i = 0; i < rec->nfields; i++) {
		struct slice f = rec->fields[i];
		PROMISE(f.text[f.len] == '\0' && strlen(f.text) == f.len);
		PROMISE(utf8_valid(f.text, f.len));
	}
}

static void note(struct run *r, int what, const struct mark *mark)
{
	if (r->n < RESULTS_MAX)
		r->results[r->n++] = (struct result){what, *mark};
}

/* Reads everything from pos on. */
static void read_from(struct run *r, size_t pos)
{
	uint64_t settled = pos; /* the end of the last row that is not blank */
	struct record rec;
	struct line line;
	bool more = true;
	while (more) {
		more = next_line(r, pos, &line);
		int rc = more ? reader_feed(r->reader, &line, &rec)
		              : reader_finish(r->reader, &line, &rec);
		PROMISE(rc >= 0);
		pos = line.end;
		if (rc == READ_MORE || rc == READ_BLANK)
			continue;
		PROMISE(rec.mark.start >= settled && rec.mark.end > rec.mark.start);
		PROMISE(rec.mark.end <= line.end);
		PROMISE(rec.raw.text == r->text + rec.mark.start);
		settled = rec.mark.end;
		if (rc == READ_RECORD)
			check_record(r, &rec);
		if (rc == READ_RECORD || rc == READ_REJECT)
			note(r, rc, &rec.mark);
		else
			note(r, rc, &(struct mark){rec.mark.start, rec.mark.end, {{0}}});
		more = more || rec.mark.end < r->size;
		pos = rec.mark.end; /* after a reject that ends before the end of the line */
	}
}

/* Reads from the nth mark on, with the header that was in force there. */
static void read_again(const struct run *first, size_t nth, struct slice header)
{
	static struct run again;
	again.text = first->text;
	again.size = first->size;
	again.record_max = first->record_max;
	again.salt = first->salt;
	again.reader = first->reader;
	again.n = 0;
	PROMISE(reader_begin(again.reader, header) == 0);
	read_from(&again, first->results[nth].mark.end);
	for (size_t i = 0; i < again.n && nth + 1 + i < first->n; i++) {
		const struct result *a = &first->results[nth + 1 + i], *b = &again.results[i];
		/* A repeated header counts as one with other columns. */
		PROMISE(a->what == b->what && a->mark.start == b->mark.start &&
		        a->mark.end == b->mark.end && hash_equal(&a->mark.id, &b->mark.id));
	}
	PROMISE(first->n == RESULTS_MAX || again.n == first->n - nth - 1);
}

/* The last header before the end of the nth result, as reader_header() returned it, or assumed. */
static struct slice header_at(const struct run *r, size_t nth)
{
	for (size_t i = nth + 1; i-- > 0;) {
		const struct mark *m = &r->results[i].mark;
		if (r->results[i].what != READ_COLUMNS)
			continue;
		const char *p = r->text + m->start;
		size_t len = event_trim(p, (size_t)(m->end - m->start));
		size_t marks = m->start == 0 ? utf8_boms(p, len) : 0;
		return (struct slice){p + marks, len - marks};
	}
	return r->assumed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run r;
	struct bytes in = {data, size};
	unsigned which = take_byte(&in), restart = take_byte(&in);
	/* A copy of the exact size, so that reads past its end are detected. */
	char *text = malloc(in.left ? in.left : 1);
	if (!text)
		return 0;
	memcpy(text, in.p, in.left);
	r.text = text;
	r.size = in.left;
	r.record_max = which % 2 ? 60 : 4096;
	r.n = 0;
	event_salt_make(&r.salt, "type", 4, "b", 1);
	const struct reader_conf conf = {r.record_max, &record_fields, "logType"};
	PROMISE(reader_new(&r.reader, &conf) == 0);
	r.assumed = slice_of(which / 2 % 2 ? "type,timeLogged,dsnStatus\n" : READER_NONE_KNOWN);
	PROMISE(reader_begin(r.reader, r.assumed) == 0);
	read_from(&r, 0);
	if (r.n > 0)
		read_again(&r, restart % r.n, header_at(&r, restart % r.n));
	(void)reader_free(r.reader);
	free(text);
	return 0;
}
