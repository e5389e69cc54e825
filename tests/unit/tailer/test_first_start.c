/*
 * test_first_start.c - tailer.h: files that exist before the first start, whether passed over or
 * read.
 */
#include "tests/unit/tailer/rig.h"

static void three_files(void)
{
	temp_append(moved(0), HEAD "b,1\n");
	grow(1, HEAD "b,2\nb,3\nb,");
	grow(2, HEAD);
}

/* Three files are there already, and the first turn is over. */
static void first_start(enum tail_first first)
{
	three_files();
	start(first);
	turn();
}

/* Rows written after the first start are handed out in every mode. */
static void expect_later_rows(void)
{
	grow(1, "4\n");
	grow(2, "b,5\n");
	temp_append(moved(3), HEAD "b,6\n");
	settle(1);
	expect("0001|b,4\n0002|b,5\n0003|type,a\n0003|b,6\n");
}

static void test_first_start_live(UNUSED void **state)
{
	first_start(TAIL_FIRST_LIVE);
	expect("0001|type,a\n0001|b,2\n0001|b,3\n0002|type,a\n");
	expect_later_rows();
}

static void test_first_start_all(UNUSED void **state)
{
	first_start(TAIL_FIRST_ALL);
	expect("0000|type,a\n0000|b,1\n0001|type,a\n0001|b,2\n0001|b,3\n0002|type,a\n");
	expect_later_rows();
}

static void test_first_start_now(UNUSED void **state)
{
	first_start(TAIL_FIRST_NOW);
	rescan();
	expect("");
	expect_later_rows();
}

static void test_first_start_now_knows_the_header(UNUSED void **state)
{
	three_files();
	start(TAIL_FIRST_NOW);
	restart();
	grow(1, "4\n");
	expect_header_with_next();
	expect("0001|b,4\n");
}

static void test_first_start_is_decided_once(UNUSED void **state)
{
	start(TAIL_FIRST_NOW);
	stop();
	first_start(TAIL_FIRST_NOW);
	expect("0000|type,a\n0000|b,1\n0001|type,a\n0001|b,2\n0001|b,3\n0002|type,a\n");
}

static void test_files_passed_over_stay_so(UNUSED void **state)
{
	first_start(TAIL_FIRST_LIVE);
	expect_nothing_after_restart(2);
	unlink_in_temp(moved(0));
	rescans(3);
	assert_int_equal(status().counters.gone_unread, 0);
	assert_int_equal(status().gone, 0);
}

/* An inode is reused: one file gets the bytes of another, and a new name. */
static void reuse(const char *inode_of, const char *bytes_of, const char *name)
{
	char data[8192];
	size_t len = read_in_temp(bytes_of, data, sizeof(data));
	temp_put(inode_of, O_TRUNC, data, len);
	rename_in_temp(inode_of, name);
}

static void test_T6_inode_of_a_passed_file_used_again_by_a_live_one(UNUSED void **state)
{
	first_start(TAIL_FIRST_LIVE);
	forget();
	temp_append("other", HEAD "b,7\n");
	reuse(moved(0), "other", live(5));
	settle(1);
	expect("0005|type,a\n0005|b,7\n");
}

static void test_a_passed_file_stays_passed_moved_grown_or_compressed(UNUSED void **state)
{
	temp_append(moved(0), HEAD "b,1\n");
	temp_append(moved(1), HEAD "b,2\n");
	run();
	rename_in_temp(moved(0), "moved/b-2026-11-20-0000.csv");
	temp_append("moved/b-2026-11-20-0000.csv", "b,3\n");
	compress(1);
	rescans(5);
	restart();
	rescan();
	expect("");
	/* No entry is marked as gone: it would be dropped some day, and the .gz would be read. */
	assert_int_equal(status().files_known, 2);
}

/* The start itself opens no file that is not to be read: there may be 100,000. */
static void
test_a_passed_file_compressed_before_its_first_row_was_read_stays_passed(UNUSED void **s)
{
	temp_append(moved(0), HEAD "b,1\n");
	temp_append(moved(1), HEAD "b,2\n");
	start(TAIL_FIRST_LIVE);
	compress(0);
	rescans(5);
	restart();
	rescans(2);
	compress(1); /* now its first row is known */
	rescans(2);
	rename_in_temp(gz(0), "moved/b-2026-11-20-0000.csv.gz");
	rescans(5);
	expect("");
	assert_int_equal(status().files_known, 2);
	assert_int_equal(status().files_passed, 2);
}

static void test_T6_copy_under_an_inode_used_again(UNUSED void **state)
{
	start(TAIL_FIRST_LIVE);
	temp_append(moved(0), HEAD "b,1\n");
	grow(1, HEAD "b,2\nb,3\n");
	turn();
	restart();
	forget();
	reuse(moved(0), live(1), moved(1));
	unlink_in_temp(live(1));
	rescans(5);
	expect("");
	temp_append(moved(1), "b,4\n");
	settle(1);
	expect("0001|b,4\n");
	assert_int_equal(status().counters.gone_unread, 0);
}

static const struct CMUnitTest tests[] = {
        TEST(test_first_start_live),
        TEST(test_first_start_all),
        TEST(test_first_start_now),
        TEST(test_first_start_now_knows_the_header),
        TEST(test_first_start_is_decided_once),
        TEST(test_files_passed_over_stay_so),
        TEST(test_T6_inode_of_a_passed_file_used_again_by_a_live_one),
        TEST(test_a_passed_file_stays_passed_moved_grown_or_compressed),
        TEST(test_a_passed_file_compressed_before_its_first_row_was_read_stays_passed),
        TEST(test_T6_copy_under_an_inode_used_again),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
