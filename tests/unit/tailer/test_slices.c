/*
 * test_slices.c - tailer.h: nothing that grows with the files takes up a whole turn, and rows of
 * the live file do not wait for archives that have to be unpacked.
 */
#include "tests/unit/tailer/rig.h"

#define ROWS 12000
#define TURN 4096 /* bytes per turn */

/* Writes live(n) with a first row of its own and many rows. */
static void grow_long(unsigned n)
{
	static char text[ROWS * 16];
	char *at = text + sprintf(text, HEAD "b,first,%u\n", n);
	for (unsigned i = 0; i < ROWS; i++)
		at += sprintf(at, "b,%u,%06u\n", n, i);
	grow(n, text);
}

/* Turns until the tailer has no more to do at once.  Returns the number of turns. */
static int turns(void)
{
	int n = 0;
	do {
		turn();
		n++;
		assert_in_range(n, 1, 100000);
	} while (tailer_timeout(fx.tailer, fx.now_ms) == 0 || tailer_ready(fx.tailer, 0));
	return n;
}

/* Three files are delivered, moved, and compressed while the agent is stopped. */
static void archives_made_while_stopped(void)
{
	begin("");
	for (unsigned n = 0; n < 3; n++) {
		grow_long(n);
		turn();
		move(n);
	}
	settle(4);
	stop();
	for (unsigned n = 0; n < 3; n++)
		compress(n);
	forget();
	fx.turn_bytes = TURN;
}

static void test_a_live_row_is_delivered_before_archives_are_unpacked(UNUSED void **state)
{
	archives_made_while_stopped();
	grow(3, HEAD "b,live\n");
	start(TAIL_FIRST_ALL);
	turn();
	expect("0003|type,a\n0003|b,live\n");
	assert_true(tailer_proving(fx.tailer, 0));
	assert_true(status().behind_bytes > 0); /* nobody knows yet that they are delivered */
	assert_in_range(turns(), 3 * 100000 / TURN, 10 * ROWS * 16 / TURN);
	assert_false(tailer_proving(fx.tailer, 0));
	expect("");
	expect_state(gz(0), FILE_CLOSED);
	expect_state(gz(2), FILE_CLOSED);
	assert_int_equal(status().behind_bytes, 0);
	expect_nothing_after_restart(2);
}

static void test_live_rows_that_come_while_an_archive_is_unpacked_are_delivered(UNUSED void **state)
{
	archives_made_while_stopped();
	start(TAIL_FIRST_ALL);
	turn();
	grow(3, HEAD "b,1\n");
	turn();
	expect("0003|type,a\n0003|b,1\n");
	grow(3, "b,2\n");
	turn();
	expect("0003|b,2\n");
	assert_true(tailer_proving(fx.tailer, 0));
}

static void test_the_rest_of_an_archive_is_delivered_once_it_is_proved(UNUSED void **state)
{
	begin(HEAD "b,1\n");
	stop();
	grow_long(0);
	grow(0, "b,last\n");
	move(0);
	compress(0);
	forget();
	fx.turn_bytes = TURN;
	start(TAIL_FIRST_ALL);
	(void)turns();
	assert_non_null(strstr(fx.log, "0000|b,0,000000\n0000|b,0,000001\n"));
	assert_null(strstr(fx.log, "0000|b,1\n"));
	assert_int_equal(status().tally.rows, ROWS + 3);
	expect_nothing_after_restart(2);
}

static void test_T4_an_archive_deleted_while_it_is_unpacked_is_read_to_its_end(UNUSED void **state)
{
	begin("");
	grow_long(0);
	move(0);
	compress(0);
	forget();
	stop();
	fx.turn_bytes = TURN;
	start(TAIL_FIRST_ALL);
	turn();
	turn();
	expect("");
	unlink_in_temp(gz(0));
	rescans(5);
	(void)turns();
	assert_int_equal(status().tally.rows, ROWS + 1);
	assert_int_equal(status().counters.gone_unread, 0);
}

static void test_an_archive_that_changes_while_it_is_unpacked_is_read_anew(UNUSED void **state)
{
	archives_made_while_stopped();
	start(TAIL_FIRST_ALL);
	turn();
	char more[4096]; /* another member (RFC 1952, section 2.2) */
	grow(9, "b,more\n");
	gzip_to(live(9), "more");
	unlink_in_temp(live(9));
	temp_put(gz(0), O_APPEND, more, read_in_temp("more", more, sizeof(more)));
	rescan();
	(void)turns();
	expect("0000|b,more\n");
}

static void test_a_reload_goes_on_with_unpacking(UNUSED void **state)
{
	archives_made_while_stopped();
	start(TAIL_FIRST_ALL);
	turn();
	tailer_rewind(fx.tailer);
	(void)turns();
	expect("");
	assert_false(tailer_proving(fx.tailer, 0));
}

/* Replaces the bytes of a .gz by others that are no gzip data, and nothing else about it. */
static void damage_unseen(const char *name)
{
	struct stat st;
	char bytes[16] = {0};
	assert_int_equal(stat(temp_path(name), &st), 0);
	temp_put(name, 0, bytes, sizeof(bytes));
	const struct timespec times[2] = {st.st_atim, st.st_mtim};
	assert_int_equal(utimensat(AT_FDCWD, temp_path(name), times, 0), 0);
}

static void test_an_archive_known_as_delivered_is_not_opened_again(UNUSED void **state)
{
	archives_made_while_stopped();
	start(TAIL_FIRST_ALL);
	(void)turns();
	stop();
	damage_unseen(gz(0));
	start(TAIL_FIRST_ALL);
	expect_state(gz(0), FILE_CLOSED);
	expect_state(gz(2), FILE_CLOSED);
	assert_false(tailer_proving(fx.tailer, 0));
	rescans(3);
	assert_false(tailer_proving(fx.tailer, 0));
	assert_int_equal(status().unreadable, 0);
	assert_int_equal(chmod(temp_path(gz(1)), 0640), 0);
	turn();
	assert_false(tailer_proving(fx.tailer, 0));
	expect("");
}

static void test_an_archive_that_changed_since_it_was_delivered_is_proved_again(UNUSED void **state)
{
	archives_made_while_stopped();
	start(TAIL_FIRST_ALL);
	(void)turns();
	stop();
	assert_int_equal(utimensat(AT_FDCWD, temp_path(gz(0)), NULL, 0), 0);
	start(TAIL_FIRST_ALL);
	turn();
	assert_true(tailer_proving(fx.tailer, 0));
	expect_state(gz(2), FILE_CLOSED);
	(void)turns();
	expect_state(gz(0), FILE_CLOSED);
	expect("");
}

static void test_a_run_of_nuls_takes_many_turns(UNUSED void **state)
{
	static const char nuls[200000];
	fx.turn_bytes = TURN;
	delivered(HEAD "b,1\n");
	temp_put(live(0), O_APPEND, nuls, sizeof(nuls));
	grow(0, "b,2\n");
	turn();
	expect("");
	assert_true(tailer_ready(fx.tailer, 0));
	(void)turns();
	expect("0000|b,2\n");
	assert_int_equal(status().counters.nul_bytes, sizeof(nuls));
}

static void test_an_endless_line_takes_many_turns(UNUSED void **state)
{
	static char line[300000];
	memset(line, 'x', sizeof(line) - 1);
	fx.turn_bytes = TURN;
	delivered(HEAD "b,1\n");
	grow(0, line);
	turn();
	expect("");
	assert_true(tailer_ready(fx.tailer, 0));
	assert_in_range(turns(), 2, 200);
	grow(0, "\nb,2\n");
	(void)turns();
	assert_non_null(strstr(fx.log, "xxx\n0000|b,2\n"));
}

static void test_nuls_before_a_header_do_not_hold_up_other_files(UNUSED void **state)
{
	static const char nuls[200000];
	start(TAIL_FIRST_ALL);
	stop();
	for (int i = 0; i < 3; i++)
		temp_put(live(0), O_APPEND, nuls, sizeof(nuls));
	grow(0, HEAD "b,1\n");
	grow(1, HEAD "b,other\n");
	fx.turn_bytes = TURN;
	start(TAIL_FIRST_ALL);
	turn();
	turn();
	expect("0001|type,a\n0001|b,other\n");
	(void)turns();
	expect("0000|type,a\n0000|b,1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_a_live_row_is_delivered_before_archives_are_unpacked),
	        TEST(test_live_rows_that_come_while_an_archive_is_unpacked_are_delivered),
	        TEST(test_the_rest_of_an_archive_is_delivered_once_it_is_proved),
	        TEST(test_T4_an_archive_deleted_while_it_is_unpacked_is_read_to_its_end),
	        TEST(test_an_archive_that_changes_while_it_is_unpacked_is_read_anew),
	        TEST(test_a_reload_goes_on_with_unpacking),
	        TEST(test_an_archive_known_as_delivered_is_not_opened_again),
	        TEST(test_an_archive_that_changed_since_it_was_delivered_is_proved_again),
	        TEST(test_a_run_of_nuls_takes_many_turns),
	        TEST(test_an_endless_line_takes_many_turns),
	        TEST(test_nuls_before_a_header_do_not_hold_up_other_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
