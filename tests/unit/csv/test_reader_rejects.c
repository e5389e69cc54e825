/* test_reader_rejects.c - reader.h: bytes that are no record, and how little is lost (R1, R3). */
#include "tests/unit/csv/rig_reader.h"

static void test_R3_unclosed_quote_costs_one_line(void **state)
{
	(void)state;
	expect("type,a,b\nb,1,2\nb,\"3,4\nb,5,6\nb,7,8\n",
	       "C\nR b|1|2\nX b,\"3,4\\n: quote not closed at the end of the file\n"
	       "R b|5|6\nR b|7|8\n");
	expect("type,a,b\nb,\"3,4\nb,5,\"6\"\nb,\"7\",8\n",
	       "C\nX b,\"3,4\\n: bad quoting\nR b|5|6\nR b|7|8\n");
}

/* Both need nearly all the memory for a record. */
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

static void test_R3_unclosed_quote_with_much_after_it(void **state)
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
		/* record_max limits the record without its line end. */
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

#define DAMAGED ": the header before it is damaged: its columns are not known\n"

/* One bad byte must not deliver rows under other names. */
static void test_rows_under_a_damaged_header_are_rejected(void **state)
{
	(void)state;
	static const char nul[] = "type,or\0ig,rcpt\nb,1,2\ntype,orig,rcpt\nb,3,4\n";
	static const char type[] = "ty\0pe,orig,rcpt\nb,1,2\ntype,orig,rcpt\nb,3,4\n";
	expect_bytes(nul, sizeof(nul) - 1, "C\nX b,1,2\\n" DAMAGED "C\nR b|3|4\n");
	expect_bytes(type, sizeof(type) - 1, "C\nX b,1,2\\n" DAMAGED "C\nR b|3|4\n");
	expect("type,or\xffig,rcpt\nb,1,2\n", "C\nX b,1,2\\n" DAMAGED);
	expect("type,or\x01ig,rcpt\nb,1,2\n", "C\nX b,1,2\\n" DAMAGED);
	expect("\xfetype,orig,rcpt\nb,1,2\n", "C\nX b,1,2\\n" DAMAGED);
	expect("tpe,orig,rcpt,timeLogged\nb,1,2,3\n", "C\nX b,1,2,3\\n" DAMAGED);
	expect("type,orig\nb,1\nt\x7fype,rcpt\nb,2\n", "C\nR b|1\nC\nX b,2\\n" DAMAGED);
}

#define NO_HEADER "\\n: no header line\n"

/* A row of another shape must not be delivered under the columns of record-fields. */
static void test_without_a_header_every_cell_has_to_be_there(void **state)
{
	(void)state;
	expect("b,1,2,3\nb,1,2,3,4,5\nb,1,2,3,4\ntype,x\nb\nb,1\n",
	       "X b,1,2,3" NO_HEADER "X b,1,2,3,4,5" NO_HEADER "R b|1|2|3|4\nC\nR b|\nR b|1\n");
}

/* tar writes such a block before the file, without a line end; here it is shorter. */
static void test_a_tar_block_before_the_header_delivers_nothing(void **state)
{
	(void)state;
	static char text[200] = "bounces.csv";
	memcpy(text + 57, "ustar", 5);
	size_t len = 100 + (size_t)sprintf(text + 100, "type,timeLogged,orig,rcpt\nb,1,2,3\n");
	expect_bytes(text, len, "C\nX b,1,2,3\\n" DAMAGED);
}

/* Reads one row under a header, as the columns of another file or the file's own. */
static void expect_under(const char *header, const char *row, int result, const char *why)
{
	static const struct event_salt salt = {0};
	struct record rec;
	struct reader *r = new_reader(header);
	size_t len = strlen(row);
	const struct line line = {.text = row, .len = len, .end = len, .salt = &salt};
	assert_int_equal(reader_feed(r, &line, &rec), result);
	assert_string_equal(reader_why(r), why);
	assert_true(slice_is(reader_header(r), header));
	(void)reader_free(r);
}

#define COLUMNS "type,timeLogged,orig,dsnStatus,dsnAction"

static void test_under_the_header_of_another_file_rows_have_to_fit(void **state)
{
	(void)state;
	static const char time[] = "2026-11-21 10:00:00+0000";
	static const struct {
		const char *fmt;
		bool fits;
	} rows[] = {{"b,%s,o,5.1.1 (bad),failed\n", true},
	            {"b,%s,o,,\n", true},
	            {"b,%s,o,failed,5.1.1 (bad)\n", false},
	            {"b,o,%s,5.1.1,failed\n", false},
	            {"b,%s,o,5.1.1\n", false},
	            {"b,%s,o,5.1.1,failed,\n", false},
	            {"b,,%s,5.1.1,failed\n", false}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char row[128];
		(void)snprintf(row, sizeof(row), rows[i].fmt, time);
		expect_under(COLUMNS "\n", row, rows[i].fits ? READ_RECORD : READ_REJECT,
		             rows[i].fits ? "" : "no header line");
	}
	expect_under(COLUMNS, "b,x\n", READ_RECORD, "");
	expect_under(READER_NONE_KNOWN, "b,x\n", READ_REJECT, "no header line");
}

static void test_a_header_is_a_header_in_any_case_and_with_any_marks(void **state)
{
	(void)state;
	expect("\xef\xbb\xbf\xef\xbb\xbftype,a\nb,1\n", "C\nR b|1\n");
	expect("Type,a\nb,1\n", "C\nR b|1\n");
	expect(" TYPE , a \nb,1\n", "C\nR b|1\n");
	expect("\"Type\",\"a\"\nb,1\n", "C\nR b|1\n");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_R3_unclosed_quote_costs_one_line),
	        TEST(test_a_header_begins_where_a_half_read_record_was),
	        TEST(test_R3_two_unclosed_quotes_cost_two_lines),
	        TEST(test_R3_unclosed_quote_with_much_after_it),
	        TEST(test_R3_record_max_sweep),
	        TEST(test_oversized_line_is_cut_and_passed_over),
	        TEST(test_NUL_inside_is_no_record),
	        TEST(test_R1_long_runs_of_NULs_anywhere),
	        TEST(test_rows_under_a_damaged_header_are_rejected),
	        TEST(test_without_a_header_every_cell_has_to_be_there),
	        TEST(test_a_tar_block_before_the_header_delivers_nothing),
	        TEST(test_under_the_header_of_another_file_rows_have_to_fit),
	        TEST(test_a_header_is_a_header_in_any_case_and_with_any_marks),
	        TEST(test_first_cell_that_is_no_type),
	        TEST(test_blank_lines_are_skipped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
