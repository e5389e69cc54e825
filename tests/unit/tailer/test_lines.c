/*
 * test_lines.c - tailer.h: lines of growing files, and the order of files.
 */
#include "tests/unit/tailer/rig.h"

/* ---- growing ---- */

static void test_T1_a_line_is_handed_out_once_its_newline_is_there(UNUSED void **state)
{
	begin(HEAD "b,1\nb,");
	expect("0000|type,a\n0000|b,1\n");
	rescan();
	expect("");
	grow(0, "2");
	turn();
	expect("");
	grow(0, "\r\nb,3\n");
	turn();
	expect("0000|b,2\n0000|b,3\n");
}

static void test_header_is_known_after_a_restart(UNUSED void **state)
{
	begin(HEAD "b,1\n");
	restart();
	grow(0, "b,2\n");
	expect_header_with_next();
}

static void test_header_only_file_continues_after_a_restart(UNUSED void **state)
{
	begin(HEAD);
	expect("0000|type,a\n");
	expect_nothing_after_restart(0);
	grow(0, "b,1\n");
	turn();
	expect("0000|b,1\n");
	expect_nothing_after_restart(0);
}

static void test_a_header_too_long_to_compare_is_read_again(UNUSED void **state)
{
	struct tail_file *f;
	struct line line;
	static char header[3 * LINE_MAX_TEST];
	memset(header, 'x', sizeof(header));
	memcpy(header, "type,", 5);
	header[sizeof(header) - 1] = '\n';
	start(TAIL_FIRST_LIVE);
	temp_put(live(0), O_APPEND, header, sizeof(header));
	wake();
	assert_true(next(&f, &line));
	const struct slice whole = {header, sizeof(header) - 1};
	assert_int_equal(tail_file_set_header(f, whole), 0);
	acknowledge(f, &line);
	save();
	restart();
	forget();
	grow(0, "b,1\n");
	turn();
	assert_non_null(strstr(fx.log, "0000|type,xxx"));
	assert_non_null(strstr(fx.log, "0000|b,1\n"));
}

static void test_a_line_longer_than_line_max_is_cut_and_proves_its_file(UNUSED void **state)
{
	char line[3 * LINE_MAX_TEST];
	start(TAIL_FIRST_LIVE);
	memset(line, 'x', sizeof(line));
	grow(0, HEAD "b,1\n");
	temp_put(live(0), O_APPEND, line, sizeof(line));
	grow(0, "\n");
	turn();
	expect_nothing_after_restart(0);
	grow(0, "b,2\n");
	turn();
	expect("0000|b,2\n");
	assert_int_equal(status().counters.crashes, 0);
}

static void test_saved_changes_are_not_saved_again(UNUSED void **state)
{
	begin(HEAD "b,1\n");
	assert_false(tailer_dirty(fx.tailer));
	rescan();
	assert_false(tailer_dirty(fx.tailer));
}

static void test_rewind_goes_back_to_what_is_committed(UNUSED void **state)
{
	delivered("b,1\n");
	fx.ack = false;
	grow(0, "b,2\nb,3\n");
	turn();
	expect("0000|b,2\n0000|b,3\n");
	tailer_rewind(fx.tailer);
	fx.ack = true;
	turn();
	expect("0000|b,2\n0000|b,3\n");
}

/* ---- order ---- */

static void test_T2_older_files_come_first_and_the_bare_name_last(UNUSED void **state)
{
	temp_append(BARE, HEAD "b,bare\n");
	grow(10000, HEAD "b,3\n");
	grow(9999, HEAD "b,2\n");
	temp_append("live/b-2026-11-20-0007.csv", HEAD "b,1\n");
	temp_append("live/b-2026-11-20-0007.csv.tmp", HEAD "b,no\n");
	temp_append("live/bb-2026-11-20-0007.csv", HEAD "b,no\n");
	run();
	expect("0007|type,a\n0007|b,1\n9999|type,a\n9999|b,2\n10000|type,a\n10000|b,3\n"
	       "bare|type,a\nbare|b,bare\n");
}

static void test_more_files_than_are_held_open_are_read_at_once(UNUSED void **state)
{
	char text[32], want[4096] = "";
	for (unsigned n = 0; n < 100; n++) {
		(void)snprintf(text, sizeof(text), "b,%u\n", n);
		grow(n, text);
		(void)sprintf(want + strlen(want), "%04u|%s", n, text);
	}
	run();
	expect(want);
}

/* Each batch is one line. */
static void take_turns(int n)
{
	struct tail_file *f;
	struct line line;
	wake();
	while (n-- > 0) {
		tailer_turn(fx.tailer, 0);
		if (next(&f, &line))
			acknowledge(f, &line);
	}
	save();
}

static void test_fair_order_alternates_newest_and_oldest(UNUSED void **state)
{
	fx.source.fair = true;
	grow(0, "b,1\nb,2\nb,3\n");
	grow(1, "b,4\nb,5\n");
	grow(2, "b,6\nb,7\nb,8\n");
	start(TAIL_FIRST_LIVE);
	take_turns(6);
	expect("0002|b,6\n0000|b,1\n0002|b,7\n0000|b,2\n0002|b,8\n0000|b,3\n");
	turn();
	expect("0001|b,4\n0001|b,5\n");
}

static void test_oldest_first_comes_back_to_an_older_file_that_grew(UNUSED void **state)
{
	grow(0, "b,1\n");
	grow(1, "b,2\nb,3\n");
	start(TAIL_FIRST_LIVE);
	take_turns(2);
	expect("0000|b,1\n0001|b,2\n");
	grow(0, "b,late\n");
	take_turns(1);
	expect("0000|b,late\n");
	turn();
	expect("0001|b,3\n");
}

static const struct CMUnitTest tests[] = {
        TEST(test_T1_a_line_is_handed_out_once_its_newline_is_there),
        TEST(test_header_is_known_after_a_restart),
        TEST(test_header_only_file_continues_after_a_restart),
        TEST(test_a_header_too_long_to_compare_is_read_again),
        TEST(test_a_line_longer_than_line_max_is_cut_and_proves_its_file),
        TEST(test_saved_changes_are_not_saved_again),
        TEST(test_rewind_goes_back_to_what_is_committed),
        TEST(test_T2_older_files_come_first_and_the_bare_name_last),
        TEST(test_more_files_than_are_held_open_are_read_at_once),
        TEST(test_fair_order_alternates_newest_and_oldest),
        TEST(test_oldest_first_comes_back_to_an_older_file_that_grew),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
