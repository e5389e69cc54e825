/*
 * test_trouble.c - tailer.h: folders and files that are unreadable, damaged or missing.
 */
#include "tests/unit/tailer/rig.h"

/* ---- folders ---- */

static void test_missing_folders_are_waited_for(UNUSED void **state)
{
	assert_int_equal(rmdir(temp_path("live")) | rmdir(temp_path("moved")), 0);
	run();
	assert_int_equal(mkdir(temp_path("moved"), 0700) | mkdir(temp_path("live"), 0700), 0);
	grow(0, "b,1\n");
	turn();
	turn();
	expect("0000|b,1\n");
}

static void test_another_folder_in_its_place_loses_nothing(UNUSED void **state)
{
	begin("b,1\n");
	grow(0, "b,2\n");
	rename_in_temp("live", "old");
	assert_int_equal(mkdir(temp_path("live"), 0700), 0);
	grow(1, "b,3\n");
	settle(1);
	grow(1, "b,4\n");
	turn();
	expect("0000|b,1\n0000|b,2\n0001|b,3\n0001|b,4\n");
}

static void files_of_one_row(unsigned files)
{
	for (unsigned n = 0; n < files; n++) {
		char text[32];
		(void)snprintf(text, sizeof(text), HEAD "b,%u\n", n);
		grow(n, text);
	}
}

static void test_a_folder_that_cannot_be_read_to_its_end_has_lost_nothing(UNUSED void **state)
{
	files_of_one_row(40); /* more than are opened ahead */
	start(TAIL_FIRST_ALL);
	broken.folders = true;
	for (unsigned n = 0; n < 5; n++) {
		fx.now_ms += RESCAN_MS;
		wake();
	}
	broken.folders = false;
	expect_note("Input/output error; waiting for it");
	assert_int_equal(status().counters.gone_unread, 0);
	rescan();
	assert_int_equal(status().tally.acked, 40);
}

static void test_a_file_that_cannot_be_looked_at_hides_no_other(UNUSED void **state)
{
	files_of_one_row(5);
	broken.entry = true;
	start(TAIL_FIRST_ALL);
	settle(5);
	broken.entry = false;
	assert_int_equal(status().tally.acked, 4);
	expect_note("Input/output error; waiting for it");
	rescan();
	assert_int_equal(status().tally.acked, 5);
	assert_int_equal(status().counters.gone_unread, 0);
}

/* ---- files ---- */

static void test_unreadable_file_is_passed_over_and_tried_again(UNUSED void **state)
{
	if (geteuid() == 0)
		skip();
	start(TAIL_FIRST_LIVE);
	grow(0, "b,1\n");
	assert_int_equal(chmod(temp_path(live(0)), 0), 0);
	grow(1, "b,2\n");
	turn();
	expect("0001|b,2\n");
	assert_int_equal(status().unreadable, 1);
	expect_note("skipping it, trying again");
	assert_int_equal(chmod(temp_path(live(0)), 0600), 0);
	rescan();
	expect("0000|b,1\n");
	assert_int_equal(status().unreadable, 0);
}

static void test_damaged_gz_is_passed_over_and_tried_again(UNUSED void **state)
{
	start(TAIL_FIRST_LIVE);
	temp_append("plain", HEAD "b,1\n");
	temp_append(gz(0), "this is no gzip file");
	grow(1, "b,2\n");
	settle(1);
	expect("0001|b,2\n");
	assert_int_equal(status().unreadable, 1);
	gzip_to("plain", gz(0));
	rescans(2);
	expect("0000|type,a\n0000|b,1\n");
	assert_int_equal(status().unreadable, 0);
}

/* The file was whole when it was opened. */
static void test_a_gz_damaged_while_it_is_read_is_passed_over_until_repaired(UNUSED void **state)
{
	char packed[4096];
	start(TAIL_FIRST_LIVE);
	temp_append("plain", HEAD "b,1\nb,2\n");
	gzip_to("plain", gz(0));
	wake();
	size_t len = read_in_temp(gz(0), packed, sizeof(packed));
	temp_put(gz(0), O_TRUNC, "this is no gzip file, and another size", 38);
	drain();
	expect("");
	assert_int_equal(status().unreadable, 1);
	expect_note("skipping it, trying again");
	temp_put(gz(0), O_TRUNC, packed, len);
	rescans(2);
	expect("0000|type,a\n0000|b,1\n0000|b,2\n");
	assert_int_equal(status().unreadable, 0);
}

static void test_a_proof_that_cannot_be_read_is_reported(UNUSED void **state)
{
	begin(HEAD "b,1\n");
	restart();
	forget();
	grow(0, "b,2\n");
	broken.rows = true;
	rescans(2);
	broken.rows = false;
	expect("");
	expect_note("0000.csv\": Input/output error; skipping it");
	assert_int_equal(status().unreadable, 1);
	rescan();
	expect("0000|b,2\n");
	assert_int_equal(status().unreadable, 0);
}

/* Nothing in the file is left to read; still, it must not stay unreadable. */
static void test_a_proof_that_could_not_be_read_is_tried_again(UNUSED void **state)
{
	begin(HEAD "b,1\n");
	stop();
	broken.rows = true;
	start(TAIL_FIRST_ALL);
	rescan();
	broken.rows = false;
	assert_int_equal(status().unreadable, 1);
	forget();
	rescan();
	expect("");
	assert_int_equal(status().unreadable, 0);
}

/* ---- gone ---- */

/* One of two rows is acknowledged before a kill. */
static void half_delivered(void)
{
	struct tail_file *f;
	struct line line;
	start(TAIL_FIRST_LIVE);
	grow(0, "b,1\nb,2\n");
	wake();
	assert_true(next(&f, &line));
	acknowledge(f, &line);
	save();
	stop();
}

static void test_gone_unread_is_counted_and_reported(UNUSED void **state)
{
	half_delivered();
	unlink_in_temp(live(0));
	start(TAIL_FIRST_LIVE);
	grow(1, "b,3\n");
	settle(3);
	expect("0000|b,1\n0001|b,3\n");
	assert_int_equal(status().counters.gone_unread, 1);
	assert_int_equal(status().gone, 1);
	expect_note("\"b-2026-11-21-0000.csv\" disappeared before all of it was delivered: 4 bytes "
	            "lost");
	restart();
	rescans(2);
	assert_int_equal(status().counters.gone_unread, 1);
	assert_int_equal(status().gone, 1);
}

/* An older version counted the loss without a time. */
static void test_an_older_loss_gets_a_time(UNUSED void **state)
{
	start(TAIL_FIRST_LIVE);
	assert_int_equal(store_put(fx.store, "bounces", "gone_unread", 3), 0);
	restart();
	assert_int_equal(status().counters.gone_unread, 3);
	uint64_t when = status().counters.gone_unread_ms;
	assert_true(when > 0);
	save();
	restart();
	assert_int_equal(status().counters.gone_unread_ms, when);
}

static void test_a_file_that_was_gone_and_comes_back_goes_on(UNUSED void **state)
{
	half_delivered();
	rename_in_temp(live(0), "elsewhere");
	start(TAIL_FIRST_LIVE);
	rescans(3);
	assert_int_equal(status().gone, 1);
	forget();
	rename_in_temp("elsewhere", moved(0));
	settle(2);
	expect("0000|b,2\n");
	assert_int_equal(status().gone, 0);
}

static const struct CMUnitTest tests[] = {
        TEST(test_missing_folders_are_waited_for),
        TEST(test_another_folder_in_its_place_loses_nothing),
        TEST(test_a_folder_that_cannot_be_read_to_its_end_has_lost_nothing),
        TEST(test_a_file_that_cannot_be_looked_at_hides_no_other),
        TEST(test_unreadable_file_is_passed_over_and_tried_again),
        TEST(test_damaged_gz_is_passed_over_and_tried_again),
        TEST(test_a_gz_damaged_while_it_is_read_is_passed_over_until_repaired),
        TEST(test_a_proof_that_cannot_be_read_is_reported),
        TEST(test_a_proof_that_could_not_be_read_is_tried_again),
        TEST(test_gone_unread_is_counted_and_reported),
        TEST(test_an_older_loss_gets_a_time),
        TEST(test_a_file_that_was_gone_and_comes_back_goes_on),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
