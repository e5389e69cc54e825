/* test_lost.c - tailer.h: a file is lost only if no other file of its name may be it. */
#include "tests/unit/tailer/rig.h"

#include "tailer/impl.h"

#define AHEAD TAIL_AHEAD

/* An outage: one more file than are held open; its number is AHEAD. */
static void outage(void)
{
	char row[64];
	start(TAIL_FIRST_ALL);
	for (unsigned i = 0; i <= AHEAD; i++) {
		(void)snprintf(row, sizeof(row), HEAD "b,%u\n", i);
		temp_append(moved(i), row);
	}
	fx.now_ms += RESCAN_MS;
	wake();
}

/* As rescans(), with a receiver that takes nothing. */
static void held_rescans(int n)
{
	while (n-- > 0) {
		fx.now_ms += RESCAN_MS;
		wake();
	}
}

static void expect_lost(unsigned n)
{
	assert_int_equal(status().counters.gone_unread, n);
	if (n == 0)
		assert_null(strstr(fx.notes, "disappeared before"));
}

static void test_a_file_that_was_not_opened_and_is_packed_is_not_lost(UNUSED void **state)
{
	outage();
	compress(AHEAD);
	held_rescans(6);
	expect_lost(0);
	assert_int_equal(status().files_behind, AHEAD + 1);
	drain();
	settle(4);
	expect_lost(0);
	assert_non_null(strstr(fx.log, "0032|b,32\n"));
	assert_int_equal(status().files_behind, 0);
}

static void test_one_that_is_gone_with_its_gz_is_lost(UNUSED void **state)
{
	outage();
	compress(AHEAD);
	held_rescans(6);
	unlink_in_temp(gz(AHEAD));
	held_rescans(5);
	assert_int_equal(status().counters.gone_unread, 1);
	expect_note("0032.csv\" disappeared before all of it was delivered: 12 bytes lost");
	assert_int_equal(status().files_behind, AHEAD);
}

/* Delivers the first of two rows of live(0), which is then packed while the agent is stopped. */
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
	forget();
}

static void test_a_known_file_waits_for_its_unfinished_gz(UNUSED void **state)
{
	half_delivered();
	temp_append(gz(0), "half of");
	rename_in_temp(live(0), "elsewhere");
	start(TAIL_FIRST_LIVE);
	settle(6);
	expect_lost(0);
	assert_int_equal(status().unreadable, 1);
	gzip_to("elsewhere", gz(0));
	settle(3);
	expect("0000|b,2\n");
	expect_lost(0);
	assert_int_equal(status().gone, 0);
}

static void test_a_gz_of_other_rows_does_not_hide_a_loss(UNUSED void **state)
{
	half_delivered();
	temp_append(gz(0), "half of");
	unlink_in_temp(live(0));
	start(TAIL_FIRST_LIVE);
	settle(6);
	expect_lost(0);
	temp_append("other", "b,7\nb,8\n");
	gzip_to("other", gz(0));
	settle(4);
	expect("0000|b,7\n0000|b,8\n");
	assert_int_equal(status().counters.gone_unread, 1);
	expect_note("0000.csv\" disappeared before all of it was delivered: 4 bytes lost");
}

/* ---- what was counted and comes back ---- */

/* live(0) is counted as lost; its bytes are in "elsewhere". */
static void lost(void)
{
	half_delivered();
	rename_in_temp(live(0), "elsewhere");
	start(TAIL_FIRST_LIVE);
	settle(4);
	assert_int_equal(status().counters.gone_unread, 1);
	restart();
	settle(1);
	forget();
}

static void expect_withdrawn(void)
{
	int64_t value;
	expect("0000|b,2\n");
	assert_int_equal(status().counters.gone_unread, 0);
	expect_note("is back with the bytes that were counted as lost: no longer");
	assert_int_equal(store_get(fx.store, "bounces", "gone_unread", 7, &value), 0);
	assert_int_equal(value, 0);
	restart();
	settle(4);
	assert_int_equal(status().counters.gone_unread, 0);
}

static void test_a_folder_that_comes_back_withdraws_the_loss(UNUSED void **state)
{
	lost();
	rename_in_temp("elsewhere", live(0));
	settle(2);
	expect_withdrawn();
}

static void test_a_gz_that_comes_late_withdraws_the_loss(UNUSED void **state)
{
	lost();
	gzip_to("elsewhere", gz(0));
	settle(2);
	expect_withdrawn();
}

static void test_a_slow_copy_withdraws_the_loss_when_it_is_whole(UNUSED void **state)
{
	lost();
	temp_append(moved(0), "b,1\n");
	settle(1);
	assert_int_equal(status().counters.gone_unread, 1);
	temp_append(moved(0), "b,2\n");
	settle(1);
	expect_withdrawn();
}

static void test_what_is_lost_twice_counts_once(UNUSED void **state)
{
	lost();
	temp_append(moved(0), "b,1\n");
	settle(1);
	unlink_in_temp(moved(0));
	settle(5);
	assert_int_equal(status().counters.gone_unread, 1);
}

static const struct CMUnitTest tests[] = {
        TEST(test_a_file_that_was_not_opened_and_is_packed_is_not_lost),
        TEST(test_one_that_is_gone_with_its_gz_is_lost),
        TEST(test_a_known_file_waits_for_its_unfinished_gz),
        TEST(test_a_gz_of_other_rows_does_not_hide_a_loss),
        TEST(test_a_folder_that_comes_back_withdraws_the_loss),
        TEST(test_a_gz_that_comes_late_withdraws_the_loss),
        TEST(test_a_slow_copy_withdraws_the_loss_when_it_is_whole),
        TEST(test_what_is_lost_twice_counts_once),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
