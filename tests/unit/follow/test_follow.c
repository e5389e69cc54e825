/*
 * test_follow.c - follow.h: an open file's bytes as lines, and checks that they are unchanged.
 */
#include "tests/unit/temp.h"

#include "base/gz.h"
#include "follow/follow.h"

#define LINE_MAX_TEST 1000

static struct follow *f;

static void open_f(bool gz)
{
	int fd = open(temp_path("f"), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(follow_open(&f, fd, gz, LINE_MAX_TEST), 0);
}

static int setup(void **state)
{
	if (temp_setup(state) < 0)
		return -1;
	f = NULL;
	temp_put("f", O_TRUNC, "", 0);
	open_f(false);
	return 0;
}

static int teardown(void **state)
{
	f = follow_close(f);
	return temp_teardown(state);
}

/* Expects text as the next line, at offset start. */
static void expect_line(const char *text, uint64_t start)
{
	struct line line;
	assert_int_equal(follow_next(f, false, &line), FOLLOW_LINE);
	assert_int_equal(line.start, start);
	assert_int_equal(line.len, strlen(text));
	assert_memory_equal(line.text, text, line.len);
	assert_int_equal(line.end, start + line.len);
	assert_false(line.cut || line.unterminated);
}

static void expect_nothing(void)
{
	struct line line;
	assert_int_equal(follow_next(f, false, &line), FOLLOW_NOTHING);
}

static void test_lines_come_one_by_one_as_they_are_completed(void **state)
{
	(void)state;
	expect_nothing();
	temp_append("f", "one\ntwo\r\n\nthr");
	expect_line("one\n", 0);
	expect_line("two\r\n", 4);
	expect_line("\n", 9);
	expect_nothing();
	temp_append("f", "ee\n");
	expect_line("three\n", 10);
	expect_nothing();
	assert_int_equal(follow_pos(f), 16);
	assert_int_equal(follow_read_to(f), 16);
}

static void test_final_hands_out_the_rest_and_marks_it(void **state)
{
	(void)state;
	struct line line;
	temp_append("f", "one\ntwo");
	expect_line("one\n", 0);
	assert_int_equal(follow_next(f, true, &line), FOLLOW_LINE);
	assert_true(line.unterminated);
	assert_int_equal(line.len, 3);
	assert_int_equal(follow_next(f, true, &line), FOLLOW_END);
	assert_int_equal(line.start, 7);
	assert_int_equal(line.end, 7);
	assert_int_equal(line.from, 7);
	assert_int_equal(line.len, 0);
}

static void test_end_is_after_the_kept_bytes(void **state)
{
	(void)state;
	struct line line;
	temp_append("f", "one\ntwo\n");
	temp_put("f", O_APPEND, "\0\0", 2);
	expect_line("one\n", 0);
	follow_keep(f, 0);
	expect_line("two\n", 4);
	follow_keep(f, 0);
	assert_int_equal(follow_next(f, true, &line), FOLLOW_END);
	assert_int_equal(line.from, 8);
	assert_int_equal(line.end, 10);
	assert_memory_equal(line.text - 10, "one\ntwo\n\0", 10);
}

static void test_kept_bytes_are_before_the_line(void **state)
{
	(void)state;
	struct line line;
	static char text[3 * LINE_MAX_TEST];
	for (int i = 0; i < 300; i++)
		sprintf(text + 9 * i, "%08d\n", i);
	temp_append("f", text);
	for (int round = 0; round < 100; round++) {
		uint64_t start = follow_pos(f);
		for (int i = 0; i < 3; i++) {
			assert_int_equal(follow_next(f, false, &line), FOLLOW_LINE);
			assert_memory_equal(line.text - (line.start - start), text + start,
			                    line.end - start);
			follow_keep(f, start);
		}
	}
}

static void test_seek_goes_back_and_forth(void **state)
{
	(void)state;
	temp_append("f", "one\ntwo\nthree\n");
	expect_line("one\n", 0);
	expect_line("two\n", 4);
	follow_seek(f, 4);
	expect_line("two\n", 4);
	follow_seek(f, 0);
	expect_line("one\n", 0);
	follow_seek(f, 8);
	expect_line("three\n", 8);
	expect_nothing();
}

/* A line of len bytes, newline included, between two others. */
static void long_line(size_t len, size_t piece)
{
	static char text[400000];
	struct line line;
	temp_rewrite("f", "a\n");
	f = follow_close(f);
	open_f(false);
	memset(text, 'x', len);
	text[len - 1] = '\n';
	for (size_t at = 0; at < len; at += piece) {
		temp_put("f", O_APPEND, text + at, len - at < piece ? len - at : piece);
		if (at == 0)
			expect_line("a\n", 0);
		if (at + piece < len)
			expect_nothing();
	}
	temp_append("f", "b\n");
	assert_int_equal(follow_next(f, false, &line), FOLLOW_LINE);
	assert_int_equal(line.cut, len > LINE_MAX_TEST);
	assert_int_equal(line.len, len > LINE_MAX_TEST ? LINE_MAX_TEST : len);
	assert_memory_equal(line.text, text, line.len);
	assert_int_equal(line.end, 2 + len);
	expect_line("b\n", 2 + len);
	expect_nothing();
}

static void test_T1_lines_longer_than_line_max_are_cut_there(void **state)
{
	(void)state;
	for (size_t len = LINE_MAX_TEST - 2; len < LINE_MAX_TEST + 3; len++)
		long_line(len, len);
	static const size_t lengths[] = {131071, 131072, 133000, 133072, 134072, 300000};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		long_line(lengths[i], lengths[i]);
		long_line(lengths[i], 50000);
	}
}

static void test_a_cut_line_without_end_in_a_finished_file(void **state)
{
	(void)state;
	static char text[3 * LINE_MAX_TEST];
	struct line line;
	memset(text, 'x', sizeof(text));
	temp_put("f", O_APPEND, text, sizeof(text));
	expect_nothing();
	assert_int_equal(follow_next(f, true, &line), FOLLOW_LINE);
	assert_true(line.cut);
	assert_int_equal(line.end, sizeof(text));
	assert_int_equal(follow_next(f, true, &line), FOLLOW_END);
}

static void test_a_cut_line_proves_the_file(void **state)
{
	(void)state;
	static char text[3 * LINE_MAX_TEST];
	struct line line;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	temp_put("f", O_APPEND, text, sizeof(text));
	assert_int_equal(follow_head(f, false), 0);
	assert_int_equal(follow_next(f, false, &line), FOLLOW_LINE);
	const struct mark mark = {line.start, line.end,
	                          event_id(line.salt, line.start, line.text, line.len)};
	assert_int_equal(follow_holds(f, &mark), 1);
}

static void nul_run(size_t len, size_t pieces)
{
	static char nuls[1000000];
	struct line line;
	temp_rewrite("f", "a\n");
	f = follow_close(f);
	open_f(false);
	expect_line("a\n", 0);
	for (size_t i = 0; i < pieces; i++) {
		temp_put("f", O_APPEND, nuls, len / pieces);
		expect_nothing();
	}
	temp_append("f", "b\n");
	assert_int_equal(follow_next(f, false, &line), FOLLOW_LINE);
	assert_int_equal(line.from, 2);
	assert_int_equal(line.start, 2 + len);
	assert_int_equal(line.len, 2);
	assert_int_equal(follow_nuls(f), len);
	assert_int_equal(follow_nuls(f), 0);
	expect_nothing();
}

static void test_NULs_at_the_start_of_a_line_are_passed_over_however_many(void **state)
{
	(void)state;
	static const size_t lengths[] = {2, 100, 65536, 131072, 140000, 300000, 1000000};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		nul_run(lengths[i], 1);
		nul_run(lengths[i], 2);
	}
}

static void test_R1_NULs_after_a_kept_line_do_not_fill_the_memory(void **state)
{
	(void)state;
	static char nuls[500000];
	struct line line;
	temp_append("f", "a\n");
	expect_line("a\n", 0);
	follow_keep(f, 0);
	temp_put("f", O_APPEND, nuls, sizeof(nuls));
	temp_append("f", "b\n");
	assert_int_equal(follow_next(f, false, &line), FOLLOW_LINE);
	assert_int_equal(line.len, 0);
	assert_true(line.start > line.from);
	assert_memory_equal(line.text - line.start, "a\n", 2);
	assert_int_equal(follow_next(f, false, &line), FOLLOW_LINE);
	assert_memory_equal(line.text, "b\n", 2);
}

/* ---- is it still the same? ---- */

static void expect_changed(void)
{
	struct line line;
	assert_int_equal(follow_next(f, false, &line), FOLLOW_CHANGED);
}

static void test_truncated_is_changed(void **state)
{
	(void)state;
	temp_append("f", "one\ntwo\n");
	expect_line("one\n", 0);
	expect_line("two\n", 4);
	temp_rewrite("f", "thr\n");
	expect_changed();
}

static void test_rewritten_longer_is_changed(void **state)
{
	(void)state;
	temp_append("f", "one\ntwo\n");
	expect_line("one\n", 0);
	expect_line("two\n", 4);
	temp_rewrite("f", "one\nTwo\nthree\n");
	expect_changed();
}

static void test_changed_after_a_seek_is_noticed(void **state)
{
	(void)state;
	temp_append("f", "one\ntwo\n");
	follow_seek(f, 8);
	temp_rewrite("f", "thr\n");
	expect_changed();
	temp_rewrite("f", "one\ntwo\n");
	follow_seek(f, 0);
	follow_seek(f, 8);
	temp_rewrite("f", "One\nTwo\nthree\n");
	expect_changed();
}

static void test_a_file_that_is_shorter_than_where_to_go_on_is_changed(void **state)
{
	(void)state;
	temp_append("f", "one\n");
	follow_seek(f, 8);
	expect_changed();
}

static void test_changed_while_a_long_line_is_read(void **state)
{
	(void)state;
	static char text[5 * LINE_MAX_TEST];
	memset(text, 'x', sizeof(text));
	temp_put("f", O_APPEND, text, sizeof(text));
	expect_nothing();
	temp_rewrite("f", "short\n");
	expect_changed();
}

/* ---- head, proofs, the last line ---- */

static void head_of(const char *text, size_t len, bool at_end, struct event_salt *ret)
{
	temp_put("f", O_TRUNC, text, len);
	f = follow_close(f);
	open_f(false);
	assert_int_equal(follow_head(f, at_end), 0);
	*ret = *follow_salt(f);
}

static void expect_salt(const char *text, bool at_end, const char *header, const char *first)
{
	static struct event_salt got, want;
	head_of(text, strlen(text), at_end, &got);
	event_salt_make(&want, header, strlen(header), first, strlen(first));
	assert_int_equal(got.len, want.len);
	assert_true(hash_equal(&got.hash, &want.hash));
	assert_true(hash_equal(&got.hash, &want.hash));
}

static void test_salt_is_of_the_header_and_the_first_other_line(void **state)
{
	(void)state;
	expect_salt("type,a\nb,1\nb,2\n", false, "type,a", "b,1");
	expect_salt("type,a\r\n\r\n \t\r\nb,1\r\n", false, "type,a", "b,1");
	expect_salt("b,1\ntype,a\n", false, "", "b,1");
	expect_salt("\nb,1\n", false, "", "b,1");
	expect_salt("\xef\xbb\xbftype,a\nb,1\n", false, "\xef\xbb\xbftype,a", "b,1");
	expect_salt("type,a\nb,1", true, "type,a", "b,1");
}

static void test_salt_is_unknown_until_both_lines_are_there(void **state)
{
	(void)state;
	static struct event_salt salt;
	static const char *const texts[] = {"", "type,a", "type,a\n", "type,a\nb,1", "\n\n", "b,1"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		head_of(texts[i], strlen(texts[i]), false, &salt);
		assert_int_equal(salt.len, 0);
	}
}

static void test_salt_of_a_long_header_has_the_first_row_in_it(void **state)
{
	(void)state;
	static char text[3 * EVENT_LINE_MAX];
	static struct event_salt one, two;
	for (int extra = -2; extra < 3 * 1000; extra += extra < 5 ? 1 : 997) {
		size_t len = (size_t)(EVENT_LINE_MAX + extra);
		memset(text, 'x', sizeof(text));
		memcpy(text, "type,", 5);
		strcpy(text + len, "\nb,1\n");
		head_of(text, len + 5, false, &one);
		text[len + 3] = '2';
		head_of(text, len + 5, false, &two);
		assert_true(one.len > 0 && two.len > 0);
		assert_false(hash_equal(&one.hash, &two.hash));
	}
}

static void test_holds_only_for_the_bytes_that_gave_the_id(void **state)
{
	(void)state;
	static struct event_salt salt;
	const char text[] = "type,a\nb,1\nb,2\n";
	head_of(text, sizeof(text) - 1, false, &salt);
	struct mark mark = {11, 15, event_id(&salt, 11, "b,2\n", 4)};
	assert_int_equal(follow_holds(f, &mark), 1);
	mark.start = 10;
	assert_int_equal(follow_holds(f, &mark), 0);
	mark = (struct mark){11, 16, event_id(&salt, 11, "b,2\n", 4)};
	assert_int_equal(follow_holds(f, &mark), 0);
	mark = (struct mark){7, 11, event_id(&salt, 11, "b,2\n", 4)};
	assert_int_equal(follow_holds(f, &mark), 0);
}

static void test_last_line_before_a_limit(void **state)
{
	(void)state;
	static struct event_salt salt;
	struct mark mark;
	const char text[] = "type,a\nb,1\nb,2\nb,";
	head_of(text, sizeof(text) - 1, false, &salt);
	assert_int_equal(follow_last_line(f, sizeof(text) - 1, &mark), 1);
	assert_int_equal(mark.start, 11);
	assert_int_equal(mark.end, 15);
	assert_int_equal(follow_holds(f, &mark), 1);
	assert_int_equal(follow_last_line(f, 14, &mark), 1);
	assert_int_equal(mark.start, 7);
	assert_int_equal(follow_last_line(f, 3, &mark), 0);
}

static void test_gz_gives_the_same_lines(void **state)
{
	(void)state;
	char plain[] = "type,a\nb,1\nb,2\n", packed[256];
	struct line line;
	size_t len = sizeof(packed);
	assert_int_equal(gz_compress(plain, sizeof(plain) - 1, packed, &len), 0);
	temp_put("f", O_TRUNC, packed, len);
	f = follow_close(f);
	open_f(true);
	assert_int_equal(follow_head(f, false), 0);
	assert_true(follow_salt(f)->len > 0);
	follow_seek(f, 7);
	expect_line("b,1\n", 7);
	expect_line("b,2\n", 11);
	assert_int_equal(follow_next(f, true, &line), FOLLOW_END);
	follow_seek(f, 0);
	expect_line("type,a\n", 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_lines_come_one_by_one_as_they_are_completed),
	        TEST(test_final_hands_out_the_rest_and_marks_it),
	        TEST(test_end_is_after_the_kept_bytes),
	        TEST(test_kept_bytes_are_before_the_line),
	        TEST(test_seek_goes_back_and_forth),
	        TEST(test_T1_lines_longer_than_line_max_are_cut_there),
	        TEST(test_a_cut_line_without_end_in_a_finished_file),
	        TEST(test_a_cut_line_proves_the_file),
	        TEST(test_NULs_at_the_start_of_a_line_are_passed_over_however_many),
	        TEST(test_R1_NULs_after_a_kept_line_do_not_fill_the_memory),
	        TEST(test_truncated_is_changed),
	        TEST(test_rewritten_longer_is_changed),
	        TEST(test_changed_after_a_seek_is_noticed),
	        TEST(test_a_file_that_is_shorter_than_where_to_go_on_is_changed),
	        TEST(test_changed_while_a_long_line_is_read),
	        TEST(test_salt_is_of_the_header_and_the_first_other_line),
	        TEST(test_salt_is_unknown_until_both_lines_are_there),
	        TEST(test_salt_of_a_long_header_has_the_first_row_in_it),
	        TEST(test_holds_only_for_the_bytes_that_gave_the_id),
	        TEST(test_last_line_before_a_limit),
	        TEST(test_gz_gives_the_same_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
