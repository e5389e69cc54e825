/*
 * test_reader.c - reader.h: lines to records, through follow.h, as the agent does it.
 *
 * What came out is written down, a line each, and compared as a whole:
 *     R cell|cell     a record           H / C   a header, with columns as before / other ones
 *     X raw: why      no record          -       a blank line
 */
#include "tests/unit/temp.h"

#include "base/utf8.h"
#include "csv/reader.h"
#include "tailer/follow.h"

#define RECORD_MAX 512
#define EVENTS_MAX 4096

struct event {
	int result;
	struct mark mark;
	char *text;
	char *header; /* in force behind it */
};

struct events {
	struct event v[EVENTS_MAX];
	size_t n;
};

static struct events got, whole;

static char *fields_text[] = {"b a,b,c", "rb b,d"};
static const struct strlist record_fields = {fields_text, 2};
static const struct reader_conf conf = {RECORD_MAX, &record_fields, "logType"};

static void forget(struct events *e)
{
	for (size_t i = 0; i < e->n; i++) {
		free(e->v[i].text);
		free(e->v[i].header);
	}
	e->n = 0;
}

static size_t add(char *at, size_t n, size_t size, struct slice s)
{
	for (size_t i = 0; i < s.len && n + 3 < size; i++) {
		if (s.text[i] == '\n' || s.text[i] == '\r') {
			at[n++] = '\\';
			at[n++] = s.text[i] == '\n' ? 'n' : 'r';
		} else {
			at[n++] = s.text[i] ? s.text[i] : '0';
		}
	}
	at[n] = '\0';
	return n;
}

static char *describe(int result, const struct reader *r, const struct record *rec)
{
	static const char letters[] = {[READ_BLANK] = '-',
	                               [READ_HEADER] = 'H',
	                               [READ_COLUMNS] = 'C',
	                               [READ_RECORD] = 'R',
	                               [READ_REJECT] = 'X'};
	static char text[65536];
	size_t n = (size_t)sprintf(text, "%c", letters[result]);
	for (size_t i = 0; result == READ_RECORD && i < rec->nfields; i++) {
		n = add(text, n, sizeof(text), slice_of(i == 0 ? " " : "|"));
		n = add(text, n, sizeof(text), rec->fields[i]);
		assert_int_equal(rec->fields[i].text[rec->fields[i].len], '\0');
		assert_true(utf8_valid(rec->fields[i].text, rec->fields[i].len));
	}
	if (result == READ_REJECT) {
		n = add(text, n, sizeof(text), slice_of(" "));
		n = add(text, n, sizeof(text), rec->raw);
		n = add(text, n, sizeof(text), slice_of(": "));
		(void)add(text, n, sizeof(text), slice_of(reader_why(r)));
	}
	return strdup(text);
}

static void note(struct events *e, int result, const struct reader *r, const struct record *rec)
{
	struct slice header = reader_header(r);
	assert_true(e->n < EVENTS_MAX);
	struct event *v = &e->v[e->n++];
	*v = (struct event){
	        result, {0}, describe(result, r, rec), strndup(header.text, header.len)};
	if (result != READ_BLANK)
		v->mark = rec->mark;
}

/* Everything the file has for now.  As the agent: keep, seek back after a reject. */
static void take_in(struct follow *f, struct reader *r, bool final, struct events *e)
{
	struct line line;
	struct record rec;
	int kind;
	assert_int_equal(follow_head(f, final), 0);
	while ((kind = follow_next(f, final, &line)) == FOLLOW_LINE) {
		assert_int_equal(follow_head(f, final), 0);
		int result = reader_feed(r, &line, &rec);
		assert_in_range(result, READ_MORE, READ_REJECT);
		uint64_t start;
		if (result == READ_MORE) {
			assert_true(reader_pending(r, &start));
			follow_keep(f, start);
			continue;
		}
		assert_false(reader_pending(r, &start));
		note(e, result, r, &rec);
		if (result == READ_REJECT)
			follow_seek(f, rec.mark.end);
	}
	assert_int_equal(kind, final ? FOLLOW_END : FOLLOW_NOTHING);
	if (kind != FOLLOW_END || reader_finish(r, &line, &rec) == READ_BLANK)
		return;
	note(e, READ_REJECT, r, &rec);
	follow_seek(f, rec.mark.end);
	take_in(f, r, true, e);
}

static struct follow *open_follow(void)
{
	struct follow *f;
	int fd = open(temp_path("f"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(follow_open(&f, fd, false, RECORD_MAX + 2), 0);
	return f;
}

static struct reader *new_reader(const char *header)
{
	struct reader *r;
	assert_int_equal(reader_new(&r, &conf), 0);
	assert_int_equal(reader_begin(r, slice_of(header)), 0);
	return r;
}

/* The file in two pieces, the cut at byte cut. */
static void read_pieces(const void *data, size_t len, size_t cut, struct events *e)
{
	forget(e);
	temp_put("f", O_TRUNC, data, cut);
	struct follow *f = open_follow();
	struct reader *r = new_reader("");
	if (cut < len) {
		take_in(f, r, false, e);
		temp_put("f", O_APPEND, (const char *)data + cut, len - cut);
		take_in(f, r, false, e);
	}
	take_in(f, r, true, e);
	(void)reader_free(r);
	(void)follow_close(f);
}

static void joined(const struct events *e, char *ret, size_t size)
{
	size_t n = 0;
	ret[0] = '\0';
	for (size_t i = 0; i < e->n && n < size; i++)
		n += (size_t)snprintf(ret + n, size - n, "%s\n", e->v[i].text);
}

static void expect_bytes(const void *data, size_t len, const char *want)
{
	static char text[1 << 18];
	read_pieces(data, len, len, &got);
	joined(&got, text, sizeof(text));
	assert_string_equal(text, want);
}

static void expect(const char *data, const char *want)
{
	expect_bytes(data, strlen(data), want);
}

/* ---- RFC 4180 ---- */

static void test_R4_line_ends_are_LF_or_CRLF(void **state)
{
	(void)state;
	expect("type,a,b\nb,1,2\n", "C\nR b|1|2\n");
	expect("type,a,b\r\nb,1,2\r\nb,3,4\n", "C\nR b|1|2\nR b|3|4\n");
}

static void test_a_lone_CR_ends_no_row(void **state)
{
	(void)state;
	expect("type,a,b\nb,1\r2,3\n", "C\nR b|1\\r2|3\n");
	expect("type,a,b\nb,1,2\r\r\n", "C\nR b|1|2\\r\n");
}

static void test_R4_quotes(void **state)
{
	(void)state;
	expect("type,a,b\nb,\"x, y\",\"say \"\"hi\"\"\"\nb,\"\",\"\"\"\"\n",
	       "C\nR b|x, y|say \"hi\"\nR b||\"\n");
}

static void test_R4_line_ends_inside_quotes_stay_as_written(void **state)
{
	(void)state;
	expect("type,a,b\nb,\"1\n2\",3\nb,\"1\r\n2\",3\r\nb,\"1\r2\n\n\",\"\r\n\"\r\n",
	       "C\nR b|1\\n2|3\nR b|1\\r\\n2|3\nR b|1\\r2\\n\\n|\\r\\n\n");
}

static void test_R4_blanks_at_the_ends_of_fields_stay(void **state)
{
	(void)state;
	expect("type,a,b\nb, 1 ,\t2\t\nb,\" 3 \",\n", "C\nR b| 1 |\t2\t\nR b| 3 |\n");
}

static void test_bad_quoting_is_rejected(void **state)
{
	(void)state;
	expect("type,a\nb,x\"y\nb,\"x\"y\nb, \"x\"\nb,1\n",
	       "C\nX b,x\"y\\n: bad quoting\nX b,\"x\"y\\n: bad quoting\n"
	       "X b, \"x\"\\n: bad quoting\nR b|1\n");
}

/* ---- rows that are not as wide as the header ---- */

static void test_short_rows_are_filled_with_empty_cells(void **state)
{
	(void)state;
	expect("type,a,b\nb,1,2\nb,3\nb\n", "C\nR b|1|2\nR b|3|\nR b||\n");
}

static void test_too_many_cells_are_no_record(void **state)
{
	(void)state;
	expect("type,a\nb,1,2\nb,3\n", "C\nX b,1,2\\n: more cells than columns\nR b|3\n");
}

static void test_R1_far_too_many_cells_are_no_record(void **state)
{
	(void)state;
	char text[8 + 600 + 8] = "type,a\nb";
	memset(text + 8, ',', 500);
	strcpy(text + 508, "\nb,1\n");
	read_pieces(text, strlen(text), strlen(text), &got);
	assert_int_equal(got.n, 3);
	assert_int_equal(got.v[1].result, READ_REJECT);
	assert_string_equal(got.v[2].text, "R b|1");
}

static void test_header_with_too_many_columns_is_no_header(void **state)
{
	(void)state;
	static char text[2000] = "type";
	struct reader *r;
	struct record rec;
	const struct reader_conf wide = {4000, &record_fields, "type"};
	static struct event_salt salt;
	memset(text + 4, ',', COLUMNS_MAX);
	text[4 + COLUMNS_MAX] = '\n';
	struct line line = {
	        .text = text, .len = 5 + COLUMNS_MAX, .end = 5 + COLUMNS_MAX, .salt = &salt};
	assert_int_equal(reader_new(&r, &wide), 0);
	assert_int_equal(reader_begin(r, SLICE_EMPTY), 0);
	assert_int_equal(reader_feed(r, &line, &rec), READ_REJECT);
	assert_string_equal(reader_why(r), "header with too many columns");
	text[3 + COLUMNS_MAX] = '\n';
	line.len = line.end = 4 + COLUMNS_MAX;
	assert_int_equal(reader_feed(r, &line, &rec), READ_COLUMNS);
	(void)reader_free(r);
}

/* ---- what is no record ---- */

static void test_R3_unclosed_quote_costs_one_line(void **state)
{
	(void)state;
	expect("type,a,b\nb,1,2\nb,\"3,4\nb,5,6\nb,7,8\n",
	       "C\nR b|1|2\nX b,\"3,4\\n: quote not closed at the end of the file\n"
	       "R b|5|6\nR b|7|8\n");
	expect("type,a,b\nb,\"3,4\nb,5,\"6\"\nb,\"7\",8\n",
	       "C\nX b,\"3,4\\n: bad quoting\nR b|5|6\nR b|7|8\n");
}

/* Both need nearly all the memory there is for a record. */
static void test_a_header_begins_where_a_half_read_record_was(void **state)
{
	(void)state;
	static char row[2000], header[2000];
	const struct reader_conf big = {2048, &record_fields, "logType"};
	const struct event_salt salt = {0};
	struct reader *r;
	struct record rec;
	memset(row, 'x', sizeof(row));
	memset(header, 'h', sizeof(header));
	memcpy(row, "b,", 2);
	memcpy(header, "type,", 5);
	memcpy(row + 1997, ",\"\n", 3);
	const struct line line = {.text = row, .len = 2000, .end = 2000, .salt = &salt};
	assert_int_equal(reader_new(&r, &big), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(reader_begin(r, (struct slice){header, sizeof(header)}), 0);
		assert_int_equal(reader_header(r).len, sizeof(header));
		assert_memory_equal(reader_header(r).text, header, sizeof(header));
		assert_int_equal(reader_feed(r, &line, &rec), READ_MORE);
	}
	(void)reader_free(r);
}

static void test_R3_two_unclosed_quotes_cost_two_lines(void **state)
{
	(void)state;
	expect("type,a\nb,\"1\nb,2\nb,\"3\nb,4\n",
	       "C\nX b,\"1\\n: bad quoting\nR b|2\n"
	       "X b,\"3\\n: quote not closed at the end of the file\nR b|4\n");
}

static void test_R3_unclosed_quote_with_much_behind_it(void **state)
{
	(void)state;
	static char text[65536], want[65536];
	char *at = text + sprintf(text, "type,a\nb,\"1\n"), *w = want;
	w += sprintf(w, "C\nX b,\"1\\n: quote not closed within record-max\n");
	for (int i = 0; i < 1000; i++) {
		at += sprintf(at, "b,%d\n", i);
		w += sprintf(w, "R b|%d\n", i);
	}
	expect(text, want);
}

static void test_R3_record_max_sweep(void **state)
{
	(void)state;
	char text[2 * RECORD_MAX], want[64];
	for (int n = RECORD_MAX - 8; n < RECORD_MAX + 8; n++) {
		int len = sprintf(text, "type,a\nb,%0*d\n", n - 2, 0);
		sprintf(text + len, "b,end\n");
		read_pieces(text, strlen(text), strlen(text), &got);
		assert_int_equal(got.n, 3);
		/* record_max counts the record; its line end may come on top. */
		assert_int_equal(got.v[1].result, n < RECORD_MAX + 2 ? READ_RECORD : READ_REJECT);
		assert_string_equal(got.v[2].text, "R b|end");
	}
	(void)want;
}

static void test_oversized_line_is_cut_and_passed_over(void **state)
{
	(void)state;
	static char text[300000];
	int len = sprintf(text, "type,a\nb,");
	memset(text + len, 'x', 290000);
	strcpy(text + len + 290000, "\nb,1\n");
	read_pieces(text, strlen(text), strlen(text), &got);
	assert_int_equal(got.n, 3);
	assert_int_equal(got.v[1].result, READ_REJECT);
	assert_int_equal(got.v[1].mark.end, 7 + 2 + 290000 + 1);
	assert_string_equal(got.v[2].text, "R b|1");
}

static void test_NUL_inside_is_no_record(void **state)
{
	(void)state;
	static const char text[] = "type,a\nb,1\0\nb,2\n\0\0b,3\nb,\"\n\0\n\"\nb,4\n";
	expect_bytes(text, sizeof(text) - 1,
	             "C\nX b,10\\n: NUL byte inside the record\nR b|2\nR b|3\n"
	             "X b,\"\\n: NUL bytes inside the record\n-\n"
	             "X \"\\n: quote not closed at the end of the file\nR b|4\n");
}

static void test_R1_long_runs_of_NULs_anywhere(void **state)
{
	(void)state;
	static char text[1200000];
	static const size_t lengths[] = {1, 100, 32767, 32768, 40000, 131072, 300000, 1000000};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		memset(text, 0, sizeof(text));
		size_t len = (size_t)sprintf(text, "type,a\nb,1\n") + lengths[i];
		len += (size_t)sprintf(text + len, "b,2\n");
		expect_bytes(text, len, "C\nR b|1\nR b|2\n");
		memset(text, 0, sizeof(text));
		len = (size_t)sprintf(text, "type,a\nb,\"1\n") + lengths[i];
		len += (size_t)sprintf(text + len, "b,2\n");
		read_pieces(text, len, len, &got);
		assert_int_equal(got.v[1].result, READ_REJECT);
		assert_string_equal(got.v[got.n - 1].text, "R b|2");
	}
}

static void test_first_cell_that_is_no_type(void **state)
{
	(void)state;
	expect("type,a\n2026-11-21,1\nB,1\nabcd,1\n,1\nxyz,1\n",
	       "C\nX 2026-11-21,1\\n: first cell is not a record type\n"
	       "X B,1\\n: first cell is not a record type\nX abcd,1\\n: first cell is not a record "
	       "type\n"
	       "X ,1\\n: first cell is not a record type\nR xyz|1\n");
}

static void test_blank_lines_are_skipped(void **state)
{
	(void)state;
	expect("\n\r\ntype,a\n  \t\nb,1\n\nb,2\n\n", "-\n-\nC\n-\nR b|1\n-\nR b|2\n-\n");
}

/* ---- bytes ---- */

static void test_byte_order_mark_is_no_part_of_the_header(void **state)
{
	(void)state;
	expect("\xef\xbb\xbftype,a\nb,1\n", "C\nR b|1\n");
	assert_string_equal(got.v[0].header, "type,a");
	expect("\xef\xbb\xbf"
	       "b,1\n",
	       "R b|1|||\n");
}

static void test_bad_UTF_8_becomes_replacement_characters(void **state)
{
	(void)state;
	expect("type,a,b\nb,x\xff"
	       "y,\xc3\xbc\nb,\xe2\x82,ok\n",
	       "C\nR b|x\xef\xbf\xbdy|\xc3\xbc\nR b|\xef\xbf\xbd|ok\n");
}

/* ---- headers ---- */

static void test_without_header_the_columns_are_the_union(void **state)
{
	(void)state;
	expect("b,1,2,3\nrb,,2,,4\nb,1,2,3,4,5\n",
	       "R b|1|2|3|\nR rb||2||4\nX b,1,2,3,4,5\\n: more cells than columns\n");
}

static void test_header_repeated_or_changed_in_mid_file(void **state)
{
	(void)state;
	expect("type,a\nb,1\ntype,a\nb,2\ntype,b,c\nb,3,4\n\"type\",b,c\nb,5,6\n",
	       "C\nR b|1\nH\nR b|2\nC\nR b|3|4\nC\nR b|5|6\n");
}

static void test_a_header_over_two_lines(void **state)
{
	(void)state;
	expect("type,\"a\nb\",c\nb,1,2\n", "C\nR b|1|2\n");
	assert_string_equal(got.v[0].header, "type,\"a\nb\",c");
}

static void test_a_header_longer_than_record_max_from_before_is_taken(void **state)
{
	(void)state;
	static char header[4 * RECORD_MAX] = "type";
	struct record rec;
	static struct event_salt salt;
	for (int i = 0; i < 200; i++)
		sprintf(header + strlen(header), ",column%d", i);
	struct reader *r = new_reader(header);
	const struct line line = {
	        .text = "b,1\n", .len = 4, .from = 900, .start = 900, .end = 904, .salt = &salt};
	assert_int_equal(reader_feed(r, &line, &rec), READ_RECORD);
	assert_int_equal(rec.nfields, 201);
	(void)reader_free(r);
}

static void test_a_header_that_cannot_be_read_again_is_as_none(void **state)
{
	(void)state;
	struct record rec;
	static struct event_salt salt;
	struct reader *r = new_reader("type,\"a\"b");
	const struct line line = {
	        .text = "b,1\n", .len = 4, .from = 900, .start = 900, .end = 904, .salt = &salt};
	assert_int_equal(reader_feed(r, &line, &rec), READ_RECORD);
	assert_int_equal(rec.nfields, 5);
	(void)reader_free(r);
}

/* ---- the end of the file ---- */

static void test_unterminated_last_line(void **state)
{
	(void)state;
	expect("type,a,b\nb,1,2", "C\nR b|1|2\n");
	expect("type,a,b\nb,1,2\nb,3", "C\nR b|1|2\nX b,3: last line of the file is cut off\n");
	expect("type,a,b\nb,1,\"2", "C\nX b,1,\"2: quote not closed\n");
	expect("type,a,b\nb,\"1\n2\",3", "C\nR b|1\\n2|3\n");
	expect("type,a,b\nb,\"1\n2\",\"3",
	       "C\nX b,\"1\\n: quote not closed\nX 2\",\"3: bad quoting\n");
}

/* ---- sweeps ---- */

static const char sweep[] = "\xef\xbb\xbftype,a,b,a\r\n"
                            "b,1,2,3\r\n"
                            "\r\n"
                            "rb,\"x, \"\"y\"\"\",\"two\nlines\",\r\n"
                            "b,\"never closed\n"
                            "b,\xc3\xbc,\xff,\n"
                            "type,c,d\n"
                            "type,c,d\n"
                            "f,\"1\r\n\r\n2\",3\n"
                            "no type,1\n"
                            "b,1,2,3,4\n"
                            "\0\0\0\0b,after NULs,x\n"
                            "b,\"x\n\0\0y\",z\n"
                            "b,a\0b,c\n"
                            "d,\n"
                            "b,last";

static void assert_same(const struct events *a, const struct events *b, size_t from, size_t cut)
{
	if (a->n != b->n - from)
		fail_msg("at %zu: %zu events, not %zu", cut, a->n, b->n - from);
	for (size_t i = 0; i < a->n; i++) {
		const struct event *x = &a->v[i], *y = &b->v[from + i];
		if (strcmp(x->text, y->text) != 0 ||
		    memcmp(&x->mark, &y->mark, sizeof(x->mark)) != 0)
			fail_msg("at %zu: \"%s\", not \"%s\"", cut, x->text, y->text);
	}
}

static void test_T1_the_same_file_cut_at_every_byte_gives_the_same_records(void **state)
{
	(void)state;
	const size_t len = sizeof(sweep) - 1;
	read_pieces(sweep, len, len, &whole);
	assert_true(whole.n > 16);
	for (size_t cut = 0; cut < len; cut++) {
		read_pieces(sweep, len, cut, &got);
		assert_same(&got, &whole, 0, cut);
	}
}

/* Go on behind event i, as after a restart. */
static void resume(size_t i)
{
	forget(&got);
	struct follow *f = open_follow();
	struct reader *r = new_reader(whole.v[i].header);
	assert_int_equal(follow_head(f, true), 0);
	follow_seek(f, whole.v[i].mark.end);
	take_in(f, r, true, &got);
	(void)reader_free(r);
	(void)follow_close(f);
	assert_same(&got, &whole, i + 1, i);
}

static void test_R2_going_on_at_every_mark_gives_the_remaining_records(void **state)
{
	(void)state;
	read_pieces(sweep, sizeof(sweep) - 1, sizeof(sweep) - 1, &whole);
	for (size_t i = 0; i < whole.n; i++) {
		if (whole.v[i].result != READ_BLANK)
			resume(i);
	}
}

static size_t random_bytes(char *data, size_t size)
{
	static const char *const pieces[] = {
	        "b,",   "\n",       "\"", ",",     "\r\n", "x",   "\0",       "type",
	        "\xff", "type,a\n", " ",  "b,1\n", "\"\"", "rb,", "\xc3\xbc", "b,\"1\",2\n"};
	size_t n = 0;
	while (n + 16 < size) {
		const char *piece = pieces[temp_random(16)];
		size_t len = *piece ? strlen(piece) : 1;
		memcpy(data + n, piece, len);
		n += len;
	}
	return n;
}

static void assert_in_order(const struct events *e, size_t len)
{
	uint64_t end = 0;
	for (size_t i = 0; i < e->n; i++) {
		if (e->v[i].result == READ_BLANK)
			continue;
		assert_true(e->v[i].mark.start >= end);
		assert_true(e->v[i].mark.end > e->v[i].mark.start);
		end = e->v[i].mark.end;
	}
	assert_true(end <= len);
}

static void test_R1_random_bytes_neither_crash_nor_block(void **state)
{
	(void)state;
	char data[1024];
	for (int round = 0; round < 300; round++) {
		size_t len = random_bytes(data, 20 + temp_random(1000));
		read_pieces(data, len, len, &whole);
		assert_in_order(&whole, len);
		read_pieces(data, len, temp_random((unsigned)len), &got);
		assert_same(&got, &whole, 0, (size_t)round);
		read_pieces(data, len, len, &got);
		for (size_t i = 0; i < whole.n; i += 7) {
			if (whole.v[i].result != READ_BLANK)
				resume(i);
		}
	}
}

static int teardown(void **state)
{
	forget(&got);
	forget(&whole);
	return temp_teardown(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_R4_line_ends_are_LF_or_CRLF),
	        TEST(test_a_lone_CR_ends_no_row),
	        TEST(test_R4_quotes),
	        TEST(test_R4_line_ends_inside_quotes_stay_as_written),
	        TEST(test_R4_blanks_at_the_ends_of_fields_stay),
	        TEST(test_bad_quoting_is_rejected),
	        TEST(test_short_rows_are_filled_with_empty_cells),
	        TEST(test_too_many_cells_are_no_record),
	        TEST(test_R1_far_too_many_cells_are_no_record),
	        TEST(test_header_with_too_many_columns_is_no_header),
	        TEST(test_R3_unclosed_quote_costs_one_line),
	        TEST(test_a_header_begins_where_a_half_read_record_was),
	        TEST(test_R3_two_unclosed_quotes_cost_two_lines),
	        TEST(test_R3_unclosed_quote_with_much_behind_it),
	        TEST(test_R3_record_max_sweep),
	        TEST(test_oversized_line_is_cut_and_passed_over),
	        TEST(test_NUL_inside_is_no_record),
	        TEST(test_R1_long_runs_of_NULs_anywhere),
	        TEST(test_first_cell_that_is_no_type),
	        TEST(test_blank_lines_are_skipped),
	        TEST(test_byte_order_mark_is_no_part_of_the_header),
	        TEST(test_bad_UTF_8_becomes_replacement_characters),
	        TEST(test_without_header_the_columns_are_the_union),
	        TEST(test_header_repeated_or_changed_in_mid_file),
	        TEST(test_a_header_over_two_lines),
	        TEST(test_a_header_longer_than_record_max_from_before_is_taken),
	        TEST(test_a_header_that_cannot_be_read_again_is_as_none),
	        TEST(test_unterminated_last_line),
	        TEST(test_T1_the_same_file_cut_at_every_byte_gives_the_same_records),
	        TEST(test_R2_going_on_at_every_mark_gives_the_remaining_records),
	        TEST(test_R1_random_bytes_neither_crash_nor_block),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
