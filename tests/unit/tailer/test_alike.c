/*
 * test_alike.c - tailer.h: files that begin alike, with inodes that are used again, hard links, and
 * bytes of one file written into another.  Found by test_identity_random.c.
 */
#include "tests/unit/tailer/rig.h"

#define CONSTANT "# constant\n"
#define NAME_COPY "copy"

/* Copies as cp does: the inode of the target stays. */
static void copy_into(const char *from, const char *to)
{
	char text[8192];
	size_t n = read_in_temp(from, text, sizeof(text) - 1);
	text[n] = '\0';
	temp_rewrite(to, text);
}

/* Renames a copy over the file: it has another inode, and the old one is free. */
static void replace(const char *name)
{
	temp_append(NAME_COPY, "");
	copy_into(name, NAME_COPY);
	rename_in_temp(NAME_COPY, name);
}

/* The rows after the proof are other ones, in a file that is shorter than the known one. */
static void test_rows_after_the_last_proof_are_compared(UNUSED void **state)
{
	start(TAIL_FIRST_ALL);
	grow(0, CONSTANT);
	turn();
	fx.ack = false;
	grow(0, "b,1\nb,2\nb,3\n");
	turn();
	grow(1, CONSTANT "b,7\n");
	settle(4);
	assert_non_null(strstr(fx.log, "0001|b,7\n"));
}

/* Without a row there will never be a proof to wait for. */
static void test_nothing_waits_for_a_proof_of_a_file_of_headers(UNUSED void **state)
{
	start(TAIL_FIRST_ALL);
	grow(0, HEAD HEAD);
	turn();
	move(0);
	compress(0);
	settle(4);
	grow(1, HEAD HEAD "b,1\n");
	temp_age(live(1));
	settle(4);
	assert_non_null(strstr(fx.log, "0001|b,1\n"));
	assert_int_equal(status().files_behind, 0);
}

static void test_a_file_with_the_bytes_of_another_file_repeats_no_row(UNUSED void **state)
{
	start(TAIL_FIRST_ALL);
	grow(0, CONSTANT "b,1\nb,2\nb,3\n");
	turn();
	rotate(0, CONSTANT "b,7\n");
	settle(3);
	forget();
	copy_into(moved(0), live(1));
	settle(1);
	expect("");
	grow(1, "b,8\n");
	turn();
	expect("0001|b,8\n");
	expect_nothing_after_restart(2);
}

static void test_rows_that_another_file_proves_are_not_sent_again_after_a_stop(UNUSED void **state)
{
	start(TAIL_FIRST_ALL);
	grow(0, CONSTANT "b,1\nb,2\nb,3\n");
	turn();
	rotate(0, CONSTANT "b,7\n");
	settle(3);
	forget();
	stop();
	copy_into(moved(0), live(1));
	start(TAIL_FIRST_ALL);
	settle(4);
	expect("");
}

static void test_two_names_of_one_inode_are_read_once(UNUSED void **state)
{
	delivered(CONSTANT "b,1\nb,2\nb,3\nb,4\n");
	temp_rewrite(live(0), CONSTANT "b,7\n");
	assert_int_equal(link(temp_path(live(0)), temp_path(live(4))), 0);
	settle(5);
	const char *first = strstr(fx.log, "|b,7\n");
	assert_non_null(first);
	assert_null(strstr(first + 1, "|b,7\n"));
}

static void test_a_file_restored_in_pieces_under_its_name_is_waited_for(UNUSED void **state)
{
	const char *rows = CONSTANT "b,1\nb,2\nb,3\nb,4\nb,5\nb,6\nb,7\nb,8\n";
	start(TAIL_FIRST_ALL);
	grow(0, rows);
	turn();
	rotate(0, CONSTANT "b,live\n");
	settle(2);
	unlink_in_temp(moved(0));
	settle(4);
	forget();
	temp_put(moved(0), O_APPEND, rows, 20);
	turn();
	temp_append(moved(0), rows + 20);
	settle(1);
	expect("");
}

static void test_rows_cut_off_stay_known(UNUSED void **state)
{
	const char *rows = CONSTANT "b,1\nb,2\nb,3\n";
	begin(rows);
	temp_rewrite(live(0), CONSTANT "b,7\nb,8\nb,9\n");
	turn();
	forget();
	temp_append(moved(0), rows);
	settle(3);
	expect("");
}

/* No row is sent again because an inode is used again, whichever the file system chooses. */
static void test_an_inode_used_again_proves_nothing(UNUSED void **state)
{
	start(TAIL_FIRST_ALL);
	grow(0, CONSTANT "b,1\nb,2\n");
	turn();
	rotate(0, CONSTANT "b,3\n");
	settle(2);
	for (int i = 0; i < 4; i++) {
		replace(moved(0));
		turn();
		replace(live(1));
		turn();
	}
	forget();
	move(1);
	settle(2);
	compress(1);
	grow(2, CONSTANT "b,4\nb,5\n");
	settle(3);
	expect("0002|b,4\n0002|b,5\n");
}

/* The known file ended with a blank line, and in the other one a row is there. */
static void test_reading_never_begins_within_a_row(UNUSED void **state)
{
	start(TAIL_FIRST_ALL);
	grow(0, "b,same\n\n");
	turn();
	move(0);
	settle(2);
	unlink_in_temp(moved(0));
	settle(4);
	grow(1, "b,same\nb,1\nb,2\n");
	settle(2);
	assert_non_null(strstr(fx.log, "0001|b,1\n"));
	assert_non_null(strstr(fx.log, "0001|b,2\n"));
}

static const struct CMUnitTest tests[] = {
        TEST(test_rows_after_the_last_proof_are_compared),
        TEST(test_nothing_waits_for_a_proof_of_a_file_of_headers),
        TEST(test_a_file_with_the_bytes_of_another_file_repeats_no_row),
        TEST(test_rows_that_another_file_proves_are_not_sent_again_after_a_stop),
        TEST(test_two_names_of_one_inode_are_read_once),
        TEST(test_a_file_restored_in_pieces_under_its_name_is_waited_for),
        TEST(test_rows_cut_off_stay_known),
        TEST(test_an_inode_used_again_proves_nothing),
        TEST(test_reading_never_begins_within_a_row),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
