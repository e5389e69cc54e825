/* test_reader.c - reader.h: cells, rows, headers and the end of the file. */
#include "tests/unit/csv/rig_reader.h"

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

/* ---- bytes ---- */

static void test_byte_order_mark_is_no_part_of_the_header(void **state)
{
	(void)state;
	expect("\xef\xbb\xbftype,a\nb,1\n", "C\nR b|1\n");
	assert_string_equal(got.v[0].header, "type,a");
	expect("\xef\xbb\xbf"
	       "b,1,2,3,4\n",
	       "R b|1|2|3|4\n");
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
	expect("b,1,2,3,\nrb,,2,,4\n", "R b|1|2|3|\nR rb||2||4\n");
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

static void test_a_header_that_cannot_be_read_again_counts_as_no_header(void **state)
{
	(void)state;
	struct record rec;
	static struct event_salt salt;
	struct reader *r = new_reader("type,\"a\"b");
	const struct line line = {
	        .text = "b,,,,\n", .len = 6, .from = 900, .start = 900, .end = 904, .salt = &salt};
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
	        TEST(test_byte_order_mark_is_no_part_of_the_header),
	        TEST(test_bad_UTF_8_becomes_replacement_characters),
	        TEST(test_without_header_the_columns_are_the_union),
	        TEST(test_header_repeated_or_changed_in_mid_file),
	        TEST(test_a_header_over_two_lines),
	        TEST(test_a_header_longer_than_record_max_from_before_is_taken),
	        TEST(test_a_header_that_cannot_be_read_again_counts_as_no_header),
	        TEST(test_unterminated_last_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
