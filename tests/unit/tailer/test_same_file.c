/*
 * test_same_file.c - tailer.h: copies, compressed files, and other bytes under a known inode.
 */
#include "tests/unit/tailer/rig.h"

/* ---- copies ---- */

static void test_copy_to_another_volume_is_the_same_file(UNUSED void **state)
{
	delivered(HEAD "b,1\nb,2\nb,3\n");
	copy(0, 0, 3);
	turn();
	copy(0, 3, 13);
	settle(1);
	copy(0, 13, 999);
	turn();
	unlink_in_temp(live(0));
	grow(1, HEAD "b,4\n");
	settle(3);
	expect("0001|type,a\n0001|b,4\n");
	temp_append(moved(0), "b,late\n");
	turn();
	expect("0000|b,late\n");
}

/* Found by a fuzzer: the copy's buffer was used after the copy was closed. */
static void test_copy_that_is_recognised_after_a_newer_file(UNUSED void **state)
{
	start(TAIL_FIRST_LIVE);
	grow(0, HEAD "b,1\n");
	grow(1, "type"); /* half a header: nothing is known about it yet */
	grow(2, HEAD "b,2\n");
	turn();
	forget();
	grow(1, ",a\nb,1\n");
	settle(2);
	grow(2, "b,3\n");
	turn();
	expect("0002|b,3\n");
}

/* A rotation to another volume.  The next file is there before the inode of live(0) is free. */
static void rotate_by_copy(const char *text)
{
	copy(0, 0, 999);
	grow(1, text);
	unlink_in_temp(live(0));
}

static void test_copy_while_stopped_with_rows_unread(UNUSED void **state)
{
	begin(HEAD "b,1\n");
	stop();
	grow(0, "b,2\n");
	rotate_by_copy(HEAD "b,3\n");
	run();
	rescans(3);
	expect("0000|type,a\n0000|b,1\n0000|b,2\n0001|type,a\n0001|b,3\n");
	assert_int_equal(status().counters.gone_unread, 0);
}

static void test_a_file_that_goes_on_under_its_copy_is_committed_there(UNUSED void **state)
{
	begin(HEAD "b,1\n");
	rotate_by_copy(HEAD "b,2\n");
	rescans(4);
	temp_append(moved(0), "b,late\n");
	turn();
	expect("0000|type,a\n0000|b,1\n0001|type,a\n0001|b,2\n0000|b,late\n");
	assert_int_equal(status().counters.copies, 1);
	expect_nothing_after_restart(1);
}

static void test_a_fork_is_read_from_where_it_differs(UNUSED void **state)
{
	delivered(HEAD "b,1\nb,2\nb,3\n");
	grow(1, HEAD "b,1\nb,7\nb,8\nb,9\n");
	settle(1);
	expect("0001|b,7\n0001|b,8\n0001|b,9\n");
	expect_note("begins like a known file");
	expect_nothing_after_restart(1);
}

static void test_one_follower_per_identity(UNUSED void **state)
{
	begin(HEAD "b,1\n");
	assert_int_equal(link(temp_path(live(0)), temp_path(moved(0))), 0);
	settle(1);
	grow(0, "b,2\n");
	settle(2);
	expect("0000|type,a\n0000|b,1\n0000|b,2\n");
}

static void test_a_hard_link_in_the_other_folder_is_no_rotation(UNUSED void **state)
{
	delivered(HEAD "b,1\n");
	assert_int_equal(link(temp_path(live(0)), temp_path(moved(0))), 0);
	settle(4);
	assert_int_equal(status().counters.rotations, 0);
	restart();
	settle(4);
	assert_int_equal(status().counters.rotations, 0);
	unlink_in_temp(live(0)); /* PowerMTA may move a file like this */
	settle(2);
	assert_int_equal(status().counters.rotations, 1);
	expect_state(moved(0), FILE_OPEN);
	temp_append(moved(0), "b,late\n");
	turn();
	expect("0000|b,late\n");
}

static void test_a_hard_link_under_another_name_changes_no_name(UNUSED void **state)
{
	delivered(HEAD "b,1\n");
	assert_int_equal(link(temp_path(live(0)), temp_path(live(3))), 0);
	for (int i = 0; i < 4; i++) {
		rescan();
		expect_state(live(0), FILE_OPEN);
		expect_state(live(3), FILE_ALIAS);
	}
	unlink_in_temp(live(0));
	settle(4);
	grow(3, "b,2\n");
	settle(1);
	expect("0003|b,2\n");
}

static void test_gz_of_an_unfinished_file_continues_at_the_offset(UNUSED void **state)
{
	begin(HEAD "b,1\nb,2\n");
	stop();
	grow(0, "b,3\n");
	move(0);
	gzip_to(moved(0), gz(0));
	start(TAIL_FIRST_LIVE);
	unlink_in_temp(moved(0));
	forget();
	settle(4);
	expect("0000|b,3\n");
	assert_int_equal(status().counters.gone_unread, 0);
	restart();
	settle(3);
	expect_no_row();
}

static void test_gz_next_to_its_plain_file_is_left_alone(UNUSED void **state)
{
	start(TAIL_FIRST_LIVE);
	temp_append(moved(0), HEAD "b,1\n");
	gzip_to(moved(0), gz(0));
	settle(2);
	expect("0000|type,a\n0000|b,1\n");
	unlink_in_temp(moved(0));
	rescans(4);
	expect_no_row();
	assert_int_equal(status().gone, 0);
}

static void test_a_gz_next_to_another_file_of_its_name_is_read(UNUSED void **state)
{
	start(TAIL_FIRST_LIVE);
	temp_append("other", HEAD "b,7\n");
	gzip_to("other", gz(0));
	temp_append(moved(0), HEAD "b,1\n");
	settle(4);
	assert_non_null(strstr(fx.log, "|b,1\n"));
	assert_non_null(strstr(fx.log, "|b,7\n"));
	expect_nothing_after_restart(4);
	assert_int_equal(status().files_behind, 0);
}

/* ---- shrinking, and other bytes under a known inode ---- */

static void test_truncated_file_is_read_from_its_beginning(UNUSED void **state)
{
	delivered(HEAD "b,1\nb,2\n");
	temp_rewrite(live(0), HEAD "b,3\n");
	turn();
	expect("0000|type,a\n0000|b,3\n");
	assert_int_equal(status().counters.truncations, 1);
	assert_int_equal(status().gone, 0);
	expect_note("was truncated or rewritten");
}

/* Proofs of the old contents say nothing about the new ones. */
static void test_a_truncated_file_is_known_after_a_restart(UNUSED void **state)
{
	begin(HEAD "b,1\nb,2\nb,3\n");
	temp_rewrite(live(0), HEAD "b,4\n");
	turn();
	expect_nothing_after_restart(1);
}

static void test_a_copy_of_truncated_rows_is_not_read_again(UNUSED void **state)
{
	delivered(HEAD "b,1\nb,2\n");
	temp_rewrite(live(0), HEAD "b,3\n");
	turn();
	temp_append(moved(0), HEAD "b,1\nb,2\n");
	settle(2);
	expect("0000|type,a\n0000|b,3\n");
}

static void test_a_file_shortened_while_open_keeps_its_header(UNUSED void **state)
{
	delivered(HEAD "b,1\nb,2\n");
	temp_rewrite(live(0), HEAD "b,1\nb,7\n");
	grow(0, "b,8\n");
	expect_header_with_next();
	expect("0000|b,7\n");
}

static void test_rewritten_longer_is_noticed(UNUSED void **state)
{
	delivered(HEAD "b,1\nb,2\n");
	temp_rewrite(live(0), HEAD "b,3\nb,4\nb,5\nb,6\n");
	turn();
	expect("0000|type,a\n0000|b,3\n0000|b,4\n0000|b,5\n0000|b,6\n");
	assert_int_equal(status().gone, 0);
}

/* Since the start the file was only opened and proved; nothing of it was read. */
static void truncated_after_a_quiet_restart(const char *text, const char *want)
{
	begin(HEAD "b,1\nb,2\n");
	expect_nothing_after_restart(0);
	turn();
	expect("");
	temp_rewrite(live(0), text);
	turn();
	expect(want);
	assert_int_equal(status().counters.truncations, 1);
}

static void test_truncated_after_a_quiet_restart(UNUSED void **state)
{
	truncated_after_a_quiet_restart(HEAD "b,3\n", "0000|type,a\n0000|b,3\n");
}

static void test_rewritten_longer_after_a_quiet_restart(UNUSED void **state)
{
	truncated_after_a_quiet_restart(HEAD "b,3\nb,4\nb,5\n",
	                                "0000|type,a\n0000|b,3\n0000|b,4\n0000|b,5\n");
}

static void test_truncated_to_nothing_and_filled_in_steps(UNUSED void **state)
{
	delivered(HEAD "b,1\nb,2\n");
	temp_rewrite(live(0), "");
	turn();
	grow(0, HEAD);
	turn();
	grow(0, "b,3\nb,4\nb,5\nb,6\n");
	settle(1);
	expect("0000|type,a\n0000|b,3\n0000|b,4\n0000|b,5\n0000|b,6\n");
}

static void test_rewritten_while_stopped_is_a_new_file(UNUSED void **state)
{
	delivered(HEAD "b,1\nb,2\n");
	stop();
	temp_rewrite(live(0), HEAD "b,7\nb,8\n");
	run();
	settle(1);
	expect("0000|type,a\n0000|b,7\n0000|b,8\n");
}

static void test_T6_inode_reused_under_another_name_is_a_new_file(UNUSED void **state)
{
	delivered(HEAD "b,1\nb,2\n");
	stop();
	temp_rewrite(live(0), HEAD "b,7\nb,8\n");
	rename_in_temp(live(0), live(1));
	run();
	settle(1);
	expect("0001|type,a\n0001|b,7\n0001|b,8\n");
}

static void test_rewritten_with_rows_in_flight(UNUSED void **state)
{
	struct tail_file *f, *other;
	struct line line;
	start(TAIL_FIRST_LIVE);
	grow(0, HEAD "b,1\n");
	wake();
	assert_true(next(&f, &line));
	acknowledge(f, &line);
	assert_true(next(&f, &line));
	tailer_hold(f);
	const struct mark mark = mark_of(&line);
	temp_rewrite(live(0), HEAD "b,2\n");
	wake();
	assert_true(next(&other, &line));
	assert_ptr_not_equal(f, other);
	const struct tally tally = {.rows = 1, .acked = 1};
	assert_int_equal(tailer_ack(fx.tailer, f, 7, 11, &mark, 1, &tally), 0);
	tailer_release(fx.tailer, f, 1);
	acknowledge(other, &line);
	drain();
	assert_non_null(strstr(fx.log, "0000|b,2\n"));
	assert_int_equal(status().tally.rows, 2);
	assert_int_equal(status().tally.acked, 2);
	expect_nothing_after_restart(0);
}

/* The last committed row is the proof, even if an earlier row was acknowledged later. */
static void test_T6_rows_acknowledged_beyond_a_gap_prove_their_file(UNUSED void **state)
{
	struct tail_file *f;
	struct line lines[3];
	start(TAIL_FIRST_LIVE);
	grow(0, "b,1\nb,2\nb,3\n");
	wake();
	for (int i = 0; i < 3; i++)
		assert_true(next(&f, &lines[i]));
	acknowledge(f, &lines[0]);
	acknowledge(f, &lines[2]);
	acknowledge(f, &lines[1]);
	save();
	stop();
	forget();
	temp_rewrite(live(0), "b,1\nb,2\nb,7\n");
	run();
	expect("0000|b,2\n0000|b,7\n");
}

static const struct CMUnitTest tests[] = {
        TEST(test_copy_to_another_volume_is_the_same_file),
        TEST(test_copy_that_is_recognised_after_a_newer_file),
        TEST(test_copy_while_stopped_with_rows_unread),
        TEST(test_a_file_that_goes_on_under_its_copy_is_committed_there),
        TEST(test_a_fork_is_read_from_where_it_differs),
        TEST(test_one_follower_per_identity),
        TEST(test_a_hard_link_in_the_other_folder_is_no_rotation),
        TEST(test_a_hard_link_under_another_name_changes_no_name),
        TEST(test_gz_of_an_unfinished_file_continues_at_the_offset),
        TEST(test_gz_next_to_its_plain_file_is_left_alone),
        TEST(test_a_gz_next_to_another_file_of_its_name_is_read),
        TEST(test_truncated_file_is_read_from_its_beginning),
        TEST(test_a_truncated_file_is_known_after_a_restart),
        TEST(test_a_copy_of_truncated_rows_is_not_read_again),
        TEST(test_a_file_shortened_while_open_keeps_its_header),
        TEST(test_rewritten_longer_is_noticed),
        TEST(test_truncated_after_a_quiet_restart),
        TEST(test_rewritten_longer_after_a_quiet_restart),
        TEST(test_truncated_to_nothing_and_filled_in_steps),
        TEST(test_rewritten_while_stopped_is_a_new_file),
        TEST(test_T6_inode_reused_under_another_name_is_a_new_file),
        TEST(test_rewritten_with_rows_in_flight),
        TEST(test_T6_rows_acknowledged_beyond_a_gap_prove_their_file),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
