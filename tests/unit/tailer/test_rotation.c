/*
 * test_rotation.c - tailer.h: files that move, are superseded, grow old and are deleted.
 */
#include "tests/unit/tailer/rig.h"

#include <time.h>

/* ---- moving ---- */

static void test_rotation_move_before_create(UNUSED void **state)
{
	begin("b,1\n");
	grow(0, "b,2\n");
	rotate(0, "b,3\n");
	settle(2);
	expect("0000|b,1\n0000|b,2\n0001|b,3\n");
	assert_int_equal(status().counters.rotations, 1);
	assert_int_equal(status().files_open, 1);
}

static void test_rotation_create_before_move_with_late_rows(UNUSED void **state)
{
	begin("b,1\n");
	grow(1, "b,3\n");
	grow(0, "b,2\n");
	turn();
	move(0);
	temp_append(moved(0), "b,late\n");
	settle(2);
	expect("0000|b,1\n0000|b,2\n0001|b,3\n0000|b,late\n");
	assert_int_equal(status().counters.rotations, 1);
}

static void test_rotation_while_stopped(UNUSED void **state)
{
	begin("b,1\n");
	stop();
	grow(0, "b,2\n");
	rotate(0, "b,3\n");
	rotate(1, "b,4\n");
	run();
	rescan();
	expect("0000|b,1\n0000|b,2\n0001|b,3\n0002|b,4\n");
	assert_int_equal(status().counters.gone_unread, 0);
}

static void begin_with_bare_name(void)
{
	start(TAIL_FIRST_LIVE);
	temp_append(BARE, "b,1\n");
	turn();
}

static void test_moved_file_under_another_name_is_the_same_file(UNUSED void **state)
{
	begin_with_bare_name();
	temp_append(BARE, "b,2\n");
	rename_in_temp(BARE, moved(3));
	temp_append(BARE, "b,3\n");
	settle(2);
	expect("bare|b,1\n0003|b,2\nbare|b,3\n");
}

static void test_T6_rename_while_stopped_is_the_same_file(UNUSED void **state)
{
	begin_with_bare_name();
	stop();
	rename_in_temp(BARE, moved(3));
	temp_append(BARE, "b,3\n");
	run();
	rescans(2);
	expect("bare|b,1\nbare|b,3\n");
}

static void test_T4_file_unlinked_while_open_is_read_to_its_end(UNUSED void **state)
{
	begin("b,1\n");
	grow(0, "b,2\n");
	int fd = open(temp_path(live(0)), O_WRONLY | O_APPEND);
	unlink_in_temp(live(0));
	turn();
	assert_int_equal(write(fd, "b,3\n", 4), 4);
	(void)close(fd);
	grow(1, "b,4\n");
	rescans(3);
	expect("0000|b,1\n0000|b,2\n0000|b,3\n0001|b,4\n");
	assert_int_equal(status().counters.gone_unread, 0);
	assert_int_equal(status().files_open, 1);
}

static void test_T1_unterminated_last_line_of_a_moved_file_comes_after_a_rescan(UNUSED void **state)
{
	begin("b,1\nb,2");
	move(0);
	turn();
	expect("0000|b,1\n");
	rescans(2);
	expect("0000|b,2\n0000|END\n");
	rescans(2);
	expect("");
	expect_nothing_after_restart(3);
}

static void test_a_finished_file_that_grows_later_is_read_on(UNUSED void **state)
{
	begin("b,1\n");
	rotate(0, "b,2\n");
	settle(3);
	forget();
	temp_append(moved(0), "b,later\n");
	turn();
	expect("0000|b,later\n");
}

static void test_no_folder_for_finished_files(UNUSED void **state)
{
	fx.source.move_to = "";
	begin("b,1\n");
	grow(1, "b,2\n");
	turn();
	grow(0, "b,late\n");
	settle(1);
	expect("0000|b,1\n0001|b,2\n0000|b,late\n");
}

/* ---- growing old ---- */

#define DAY 86400

/* A finished file that last changed age seconds ago. */
static void old_file(unsigned n, time_t age)
{
	const struct timespec then = {.tv_sec = time(NULL) - age};
	const struct timespec times[2] = {then, then};
	char row[] = "b,0\n"; /* identical files would be copies of one file */
	row[2] = (char)('0' + n);
	temp_append(moved(n), row);
	assert_int_equal(utimensat(AT_FDCWD, temp_path(moved(n)), times, 0), 0);
}

static void expect_deleted_after(uint64_t age)
{
	assert_in_range(status().deleted_after_s, age - 120, age);
}

static void test_the_age_at_which_files_are_deleted_is_learnt(UNUSED void **state)
{
	start(TAIL_FIRST_ALL);
	old_file(0, 9 * DAY);
	old_file(1, 8 * DAY);
	old_file(2, 2 * DAY);
	grow(3, "b,y\n");
	rescan();
	assert_int_equal(status().deleted_after_s, 0);
	assert_int_equal(status().archive_bytes, 12);
	assert_int_equal(status().disk_bytes, 16);
	assert_int_equal(status().oldest_unread_s, 0); /* nothing is left to read */
	unlink_in_temp(moved(0));
	unlink_in_temp(moved(1));
	rescans(3);
	/* The younger of the two is shown. */
	expect_deleted_after(8 * DAY);
	assert_int_equal(status().archive_bytes, 4);
	unlink_in_temp(moved(2));
	rescans(3);
	expect_deleted_after(2 * DAY);
	save();
	restart();
	expect_deleted_after(2 * DAY);
}

static void test_the_oldest_file_with_unread_rows_is_reported(UNUSED void **state)
{
	start(TAIL_FIRST_ALL);
	fx.ack = false;
	old_file(0, 3 * DAY);
	old_file(1, 5 * DAY);
	grow(2, "b,y\n");
	rescan();
	assert_in_range(status().oldest_unread_s, time(NULL) - 5 * DAY - 60, time(NULL) - 5 * DAY);
}

static void test_a_compressed_file_was_not_deleted(UNUSED void **state)
{
	start(TAIL_FIRST_ALL);
	old_file(0, 9 * DAY);
	grow(1, "b,y\n");
	rescan();
	compress(0);
	rescans(5);
	assert_int_equal(status().deleted_after_s, 0);
}

static const struct CMUnitTest tests[] = {
        TEST(test_rotation_move_before_create),
        TEST(test_rotation_create_before_move_with_late_rows),
        TEST(test_rotation_while_stopped),
        TEST(test_moved_file_under_another_name_is_the_same_file),
        TEST(test_T6_rename_while_stopped_is_the_same_file),
        TEST(test_T4_file_unlinked_while_open_is_read_to_its_end),
        TEST(test_T1_unterminated_last_line_of_a_moved_file_comes_after_a_rescan),
        TEST(test_a_finished_file_that_grows_later_is_read_on),
        TEST(test_no_folder_for_finished_files),
        TEST(test_the_age_at_which_files_are_deleted_is_learnt),
        TEST(test_the_oldest_file_with_unread_rows_is_reported),
        TEST(test_a_compressed_file_was_not_deleted),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
