/*
 * test_wake.c - tailer/file_state.h: a waiting file is looked at again after the event that may end
 * its wait.  No rescan is due in any turn() here.
 */
#include "tests/unit/tailer/rig.h"

#include "tailer/impl.h"

/* Turns until the tailer's timeout is no longer 0. */
static void turns(void)
{
	do
		turn();
	while (tailer_timeout(fx.tailer, fx.now_ms) == 0);
}

/* A copy of live(n) that appears in the other folder only when it is complete. */
static void copy_whole(unsigned n)
{
	char data[8192];
	size_t len = read_in_temp(live(n), data, sizeof(data));
	temp_put("moved/hidden", O_TRUNC, data, len);
	rename_in_temp("moved/hidden", moved(n));
}

/* ---- the table ---- */

static void test_every_state_has_a_name_and_can_be_reached(UNUSED void **state)
{
	for (unsigned to = 0; to < FILE_STATES; to++) {
		bool reached = to == FILE_FOUND;
		assert_non_null(file_state_name(to));
		assert_true(file_state_follows(to, to));
		for (unsigned from = 0; from < FILE_STATES; from++)
			reached = reached || (from != to && file_state_follows(from, to));
		assert_true(reached);
	}
	assert_false(file_state_follows(FILE_ORPHAN, FILE_FOUND));
	assert_false(file_state_follows(FILE_SKIPPED, FILE_OPEN));
	assert_false(file_state_follows(FILE_GONE, FILE_OPEN));
}

/* ---- copies ---- */

static void test_rows_and_a_whole_copy_before_we_look(UNUSED void **state)
{
	delivered(HEAD "b,1\nb,2\n");
	grow(0, "b,3\nb,4\n");
	copy_whole(0);
	unlink_in_temp(live(0));
	turns();
	expect("0000|b,3\n0000|b,4\n");
	grow(1, HEAD "b,5\n");
	turns();
	expect("0001|type,a\n0001|b,5\n");
	assert_int_equal(status().counters.gone_unread, 0);
}

static void test_a_copy_whose_original_is_deleted_later(UNUSED void **state)
{
	delivered(HEAD "b,1\n");
	grow(1, HEAD "b,9\n");
	turns();
	copy_whole(0);
	turns();
	expect_state(moved(0), FILE_ALIAS);
	forget();
	unlink_in_temp(live(0));
	turns();
	expect_state(moved(0), FILE_CLOSED);
	assert_int_equal(status().counters.copies, 1);
	temp_append(moved(0), "b,late\n");
	turns();
	expect("0000|b,late\n");
}

/* The recorded size is from the look at the folder, before it grew; no event reported that. */
static void test_an_original_that_has_grown_unnoticed_is_no_shorter(UNUSED void **state)
{
	delivered(HEAD "b,1\n");
	expect_state(live(0), FILE_OPEN);
	rename_in_temp("live", "elsewhere"); /* events there are not seen */
	temp_append("elsewhere/b-2026-11-21-0000.csv", "b,2\n");
	char data[64];
	size_t len = read_in_temp("elsewhere/b-2026-11-21-0000.csv", data, sizeof(data));
	rename_in_temp("elsewhere", "live");
	temp_put("moved/hidden", O_TRUNC, data, len);
	rename_in_temp("moved/hidden", moved(0));
	turns();
	expect("0000|b,2\n");
	expect_state(moved(0), FILE_ALIAS);
	assert_null(strstr(fx.notes, "waiting for the rest"));
}

static void test_a_copy_before_the_first_row_is_acknowledged(UNUSED void **state)
{
	start(TAIL_FIRST_LIVE);
	grow(0, HEAD "b,1\n");
	grow(1, HEAD "b,2\n");
	fx.ack = false;
	struct tail_file *f;
	struct line line;
	wake();
	assert_true(next(&f, &line));
	acknowledge(f, &line);
	assert_true(next(&f, &line));
	char row[] = "b,1\n";
	line.text = row; /* the tailer's text is valid until the next call */
	copy_whole(0);
	wake();
	drain();
	expect_state(moved(0), FILE_COPYING);
	acknowledge(f, &line);
	assert_int_equal(tailer_timeout(fx.tailer, fx.now_ms), 0);
	turns();
	expect_state(moved(0), FILE_ALIAS);
}

static void test_a_file_without_a_row_whose_namesake_is_deleted(UNUSED void **state)
{
	delivered(HEAD "b,1\n");
	temp_append(moved(0), "type");
	turns();
	expect_state(moved(0), FILE_WAITING);
	unlink_in_temp(live(0));
	turns();
	expect_state(moved(0), FILE_WAITING); /* it may become what was deleted */
	temp_append(moved(0), ",a\nb,7\n");
	turns();
	expect("0000|type,a\n0000|b,7\n");
}

static void test_a_file_that_stays_without_a_row_is_opened(UNUSED void **state)
{
	delivered(HEAD "b,1\n");
	temp_append(moved(0), "type");
	turns();
	unlink_in_temp(live(0));
	settle(2);
	expect_state(moved(0), FILE_OPEN);
}

/* It seemed to be a file of its own, but its first row belongs to another file. */
static void test_a_recognised_copy_is_looked_at_at_once(UNUSED void **state)
{
	start(TAIL_FIRST_LIVE);
	grow(0, HEAD "b,1\n");
	grow(1, "type");
	turns();
	expect_state(live(1), FILE_OPEN);
	grow(1, ",a\nb,1\n");
	turns();
	expect_state(live(1), FILE_ALIAS);
}

static void test_a_copy_whose_header_was_in_flight(UNUSED void **state)
{
	struct tail_file *f;
	struct line line;
	start(TAIL_FIRST_LIVE);
	grow(0, HEAD "b,1\n");
	turns();
	grow(1, HEAD);
	wake();
	assert_true(next(&f, &line));
	tailer_hold(f);
	drain();
	grow(1, "b,1\n");
	turns();
	expect_state(live(1), FILE_OPEN);
	tailer_release(fx.tailer, f, 1);
	turns();
	expect_state(live(1), FILE_ALIAS);
}

static void test_a_copy_of_a_file_rewritten_with_rows_in_flight(UNUSED void **state)
{
	struct tail_file *f;
	struct line line;
	delivered(HEAD "b,1\nb,2\n");
	copy_whole(0);
	turns();
	expect_state(moved(0), FILE_ALIAS);
	grow(0, "b,3\n");
	wake();
	assert_true(next(&f, &line));
	tailer_hold(f);
	temp_rewrite(live(0), HEAD "b,7\n");
	turns();
	tailer_release(fx.tailer, f, 1);
	rescan();
	assert_int_equal(status().counters.copies, 1);
	temp_append(moved(0), "b,late\n");
	forget();
	turns();
	expect("0000|b,late\n");
}

/* It is longer than the original; the new rows may still be copied from there. */
static void test_a_longer_file_waits_until_the_other_is_at_rest_and_settled(UNUSED void **state)
{
	start(TAIL_FIRST_LIVE);
	grow(0, HEAD "b,1\n");
	fx.ack = false;
	turns();
	grow(1, HEAD "b,1\nb,2\n");
	turns();
	expect_state(live(1), FILE_COPYING);
	rescans(4);
	expect_state(live(1), FILE_COPYING);
	forget();
	restart();
	fx.ack = true;
	turns();
	rescans(3);
	expect("0000|type,a\n0000|b,1\n0001|b,2\n");
}

/* ---- compressed files ---- */

static void test_a_gz_is_looked_at_when_its_plain_file_is_deleted(UNUSED void **state)
{
	start(TAIL_FIRST_LIVE);
	temp_append(moved(0), HEAD "b,1\n");
	gzip_to(moved(0), gz(0));
	turns();
	expect("0000|type,a\n0000|b,1\n");
	unlink_in_temp(moved(0));
	turns();
	expect("");
	expect_state(gz(0), FILE_ALIAS); /* the plain file is still open */
}

static void test_a_gz_next_to_an_empty_file_of_its_name_is_read(UNUSED void **state)
{
	start(TAIL_FIRST_LIVE);
	temp_append("plain", HEAD "b,1\n");
	temp_append(moved(0), "");
	gzip_to("plain", gz(0));
	turns();
	expect("0000|type,a\n0000|b,1\n");
}

/* ---- what cannot be read ---- */

static void
test_a_file_that_was_unreadable_is_tried_when_something_happens_to_it(UNUSED void **state)
{
	start(TAIL_FIRST_LIVE);
	temp_append("plain", HEAD "b,1\n");
	temp_append(gz(0), "this is no gzip file");
	turns();
	expect_state(gz(0), FILE_UNREADABLE);
	assert_int_equal(status().unreadable, 1);
	gzip_to("plain", gz(0));
	turns();
	expect("0000|type,a\n0000|b,1\n");
	assert_int_equal(status().unreadable, 0);
}

static void test_the_mode_of_a_folder_is_an_event(UNUSED void **state)
{
	run();
	uint64_t before = status().counters.rescans;
	assert_int_equal(chmod(temp_path("live"), 0755), 0);
	turn();
	assert_int_equal(status().counters.rescans, before + 1);
}

static void test_an_unreadable_file_that_was_deleted_is_no_problem(UNUSED void **state)
{
	begin(HEAD "b,1\n");
	stop();
	start(TAIL_FIRST_ALL);
	grow(0, "b,2\n");
	broken.rows = true;
	turns();
	assert_int_equal(status().unreadable, 1);
	unlink_in_temp(live(0));
	rescans(3);
	broken.rows = false;
	assert_int_equal(status().unreadable, 0);
	assert_int_equal(status().gone, 1);
}

/* ---- paths ---- */

static void test_an_open_file_without_a_path_is_read_on(UNUSED void **state)
{
	delivered("b,1\n");
	int fd = open(temp_path(live(0)), O_WRONLY | O_APPEND);
	unlink_in_temp(live(0));
	turns();
	assert_int_equal(write(fd, "b,2\n", 4), 4);
	(void)close(fd);
	turns();
	expect("0000|b,2\n");
}

static void test_a_path_that_leads_elsewhere_is_looked_at_soon(UNUSED void **state)
{
	start(TAIL_FIRST_ALL);
	for (unsigned n = 0; n < 40; n++) /* more than are opened ahead */
		grow(n, HEAD "b,1\n");
	wake();
	temp_append("other", HEAD "b,7\n");
	rename_in_temp("other", live(39));
	drain();
	assert_in_range(tailer_timeout(fx.tailer, fx.now_ms), 0, 1000);
}

/* ---- tailer_look(): the kernel reported nothing ---- */

/* Looks as soon as it is time to. */
static void look(void)
{
	while (!tailer_look(fx.tailer))
		(void)usleep(1000);
}

static void test_a_look_knows_what_no_event_reported(UNUSED void **state)
{
	delivered(HEAD "b,1\n");
	assert_int_equal(status().behind_bytes, 0);
	grow(0, "b,2\n");
	grow(1, HEAD);
	assert_int_equal(status().behind_bytes, 0);
	look();
	assert_int_equal(status().behind_bytes, strlen("b,2\n" HEAD));
	assert_int_equal(status().files_behind, 2);
	assert_int_equal(tailer_timeout(fx.tailer, fx.now_ms), 0);
	turns();
	look();
	assert_int_equal(status().behind_bytes, 0);
	expect("0000|b,2\n0001|type,a\n");
}

/* Each try would count its bytes as behind until the next turn. */
static void test_a_look_leaves_a_file_that_waits_alone(UNUSED void **state)
{
	start(TAIL_FIRST_ALL);
	temp_append(gz(0), "no gzip");
	turns();
	expect_state(gz(0), FILE_UNREADABLE);
	look();
	assert_int_equal(status().behind_bytes, 0);
	assert_int_equal(status().unreadable, 1);
	temp_append(gz(0), " at all");
	look();
	assert_int_equal(status().behind_bytes, strlen("no gzip at all"));
}

static void test_looks_do_not_make_a_missing_file_gone(UNUSED void **state)
{
	delivered(HEAD "b,1\n");
	grow(1, HEAD "b,2\n");
	turns();
	uint64_t rescans = status().counters.rescans;
	grow(1, "b,3\n");
	rename_in_temp(live(1), "elsewhere");
	for (int i = 0; i < 10; i++)
		look();
	assert_int_equal(status().counters.gone_unread, 0);
	assert_int_equal(status().behind_bytes, strlen("b,3\n")); /* it is open */
	rename_in_temp("elsewhere", live(1));
	turns();
	assert_int_equal(status().counters.rescans, rescans);
	assert_int_equal(status().behind_bytes, 0);
}

/* ---- files of other programs ---- */

static void test_a_busy_neighbour_is_listened_to_now_and_then(UNUSED void **state)
{
	delivered(HEAD "b,1\n");
	turns();
	assert_true(tailer_listens(fx.tailer, fx.now_ms));
	temp_append("live/neighbour.log", "x");
	wake();
	assert_false(tailer_listens(fx.tailer, fx.now_ms));
	assert_in_range(tailer_timeout(fx.tailer, fx.now_ms), 1, 100);
	assert_true(tailer_listens(fx.tailer, fx.now_ms + 100));
	temp_append("live/neighbour.log", "x");
	grow(0, "b,2\n"); /* an event of ours is no reason to wait */
	turns();
	assert_true(tailer_listens(fx.tailer, fx.now_ms));
	expect("0000|b,2\n");
}

static const struct CMUnitTest tests[] = {
        TEST(test_every_state_has_a_name_and_can_be_reached),
        TEST(test_rows_and_a_whole_copy_before_we_look),
        TEST(test_a_copy_whose_original_is_deleted_later),
        TEST(test_an_original_that_has_grown_unnoticed_is_no_shorter),
        TEST(test_a_copy_before_the_first_row_is_acknowledged),
        TEST(test_a_file_without_a_row_whose_namesake_is_deleted),
        TEST(test_a_file_that_stays_without_a_row_is_opened),
        TEST(test_a_recognised_copy_is_looked_at_at_once),
        TEST(test_a_copy_whose_header_was_in_flight),
        TEST(test_a_copy_of_a_file_rewritten_with_rows_in_flight),
        TEST(test_a_longer_file_waits_until_the_other_is_at_rest_and_settled),
        TEST(test_a_gz_is_looked_at_when_its_plain_file_is_deleted),
        TEST(test_a_gz_next_to_an_empty_file_of_its_name_is_read),
        TEST(test_a_file_that_was_unreadable_is_tried_when_something_happens_to_it),
        TEST(test_the_mode_of_a_folder_is_an_event),
        TEST(test_an_unreadable_file_that_was_deleted_is_no_problem),
        TEST(test_an_open_file_without_a_path_is_read_on),
        TEST(test_a_path_that_leads_elsewhere_is_looked_at_soon),
        TEST(test_a_look_knows_what_no_event_reported),
        TEST(test_a_look_leaves_a_file_that_waits_alone),
        TEST(test_looks_do_not_make_a_missing_file_gone),
        TEST(test_a_busy_neighbour_is_listened_to_now_and_then),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
