/*
 * test_lag.c - lag.h: which row counts as settled, in any order of answers, and the lag that a view
 * shows.
 */
#include "tests/unit/temp.h"

#include "record/columns.h"
#include "status/lag.h"

#define DAY_S UINT64_C(86400)
#define AT(second) "1970-01-01 00:00:0" #second "+0000"

static struct lag lag;

static int setup(void **state)
{
	(void)state;
	lag = (struct lag){0};
	return 0;
}

/* ---- answers ---- */

/* The last row of a batch that ends at end was answered; its file is settled up to committed. */
static void answered(int64_t file, uint64_t end, int64_t logged_ms, uint64_t committed, bool gaps)
{
	const struct lag_row row = {.file = file,
	                            .end = end,
	                            .logged_ms = logged_ms,
	                            .committed = committed,
	                            .gaps = gaps};
	lag_done(&lag, &row);
}

static void expect_settled(int64_t want_ms)
{
	assert_int_equal(lag.settled_ms, want_ms);
	assert_int_equal(lag.changed, want_ms != 0);
}

static void test_answers_in_order_settle_row_after_row(void **state)
{
	(void)state;
	answered(1, 100, 1000, 100, false);
	expect_settled(1000);
	answered(1, 200, 2000, 200, false);
	expect_settled(2000);
}

static void test_beyond_a_gap_nothing_is_settled(void **state)
{
	(void)state;
	answered(1, 300, 3000, 0, true);
	expect_settled(0);
	answered(1, 200, 2000, 0, true);
	expect_settled(0);
}

static void test_filling_the_gap_settles_all(void **state)
{
	(void)state;
	answered(1, 300, 3000, 0, true);
	answered(1, 200, 2000, 0, true);
	answered(1, 100, 1000, 300, false);
	expect_settled(3000);
}

/* The first of two gaps is filled: rows up to the second gap are settled, and no further ones. */
static void test_filling_one_of_two_gaps_settles_rows_up_to_the_other(void **state)
{
	(void)state;
	answered(1, 500, 5000, 0, true);
	answered(1, 100, 1000, 100, true);
	expect_settled(1000);
	answered(1, 400, 4000, 500, false);
	expect_settled(5000);
}

/* A late answer to an older row of the file does not make it the last answered row. */
static void test_the_place_in_the_file_counts_not_the_time_of_the_answer(void **state)
{
	(void)state;
	answered(1, 200, 2000, 0, true);
	answered(1, 150, 1000, 0, true);
	assert_int_equal(lag.done_ms, 2000);
	answered(2, 50, 6000, 0, true); /* offsets of different files are not compared */
	assert_int_equal(lag.done_ms, 6000);
}

static void test_a_row_without_a_time_changes_nothing(void **state)
{
	(void)state;
	answered(1, 100, 1000, 100, false);
	lag.changed = false;
	answered(1, 200, 0, 200, false);
	assert_int_equal(lag.settled_ms, 1000);
	assert_false(lag.changed);
}

/* ---- reading ---- */

static int64_t read_row(const char *columns_text[], const char *logged, size_t n)
{
	struct slice cells[8], fields[8];
	struct columns *columns;
	for (size_t i = 0; i < n; i++) {
		cells[i] = slice_of(columns_text[i]);
		fields[i] = slice_of(strcmp(columns_text[i], LAG_COLUMN) == 0 ? logged : "x");
	}
	assert_int_equal(columns_new(&columns, cells, n, "type"), 0);
	const struct record rec = {.columns = columns, .fields = fields, .nfields = n};
	int64_t ms = lag_read(&lag, &rec);
	(void)columns_free(columns);
	return ms;
}

static void test_the_first_and_the_last_time_that_were_read(void **state)
{
	(void)state;
	const char *early[] = {"type", "timeLogged", "rcpt"},
	           *late[] = {"type", "rcpt", "timeLogged"}, *never[] = {"type", "rcpt"};
	assert_int_equal(read_row(never, "", 2), 0);
	assert_int_equal(lag.read_ms, 0);
	assert_int_equal(read_row(early, AT(1), 3), 1000);
	assert_int_equal(read_row(early, AT(1), 3), 1000);
	assert_int_equal(read_row(late, AT(2), 3), 2000); /* the column is at another place */
	assert_int_equal(lag.first_ms, 1000);
	assert_int_equal(lag.read_ms, 2000);
	assert_int_equal(read_row(never, "", 2), 0);
	assert_int_equal(lag.read_ms, 2000);
	assert_int_equal(read_row(early, AT(3), 3), 3000);
	assert_int_equal(lag.read_ms, 3000);
}

static void test_invalid_or_too_long_times_are_ignored(void **state)
{
	(void)state;
	char text[LAG_TIME_SIZE + 1];
	const char *columns[] = {"type", "timeLogged"};
	memset(text, ' ', sizeof(text));
	memcpy(text, "1970-01-01 00:00:09", 19);
	text[LAG_TIME_SIZE - 1] = 'Z';
	text[LAG_TIME_SIZE] = '\0';
	assert_int_equal(read_row(columns, text, 2), 0);
	text[LAG_TIME_SIZE - 2] = 'Z';
	text[LAG_TIME_SIZE - 1] = '\0';
	assert_int_equal(read_row(columns, text, 2), 9000);
	assert_int_equal(read_row(columns, "no time", 2), 0);
	assert_int_equal(read_row(columns, "1970-01-01 00:00:0", 2), 0);
	assert_int_equal(read_row(columns, "", 2), 0);
}

/* ---- the store ---- */

static void test_the_store_keeps_the_time_of_the_last_settled_row(void **state)
{
	(void)state;
	struct store *store;
	struct err err;
	assert_int_equal(store_open(&store, temp_path("state"), "state", &err), 0);
	assert_int_equal(lag_load(&lag, store, "bounces"), 0);
	assert_int_equal(lag.settled_ms, 0);
	answered(1, 100, 1000, 100, false);
	assert_int_equal(lag_put(&lag, store, "bounces"), 0);
	lag.changed = false;
	lag.settled_ms = 5000;
	assert_int_equal(lag_put(&lag, store, "bounces"), 0); /* nothing changed: not written */
	assert_int_equal(lag_load(&lag, store, "bounces"), 0);
	assert_int_equal(lag.settled_ms, 1000);
	assert_int_equal(lag.done_ms, 0);
	assert_int_equal(lag_load(&lag, store, "complaints"), 0);
	assert_int_equal(lag.settled_ms, 0);
	/* An older version stored the time as PowerMTA wrote it. */
	assert_int_equal(
	        store_put_text(store, "complaints", "last_record", "1970-01-01 02:00:07+0200"), 0);
	assert_int_equal(lag_load(&lag, store, "complaints"), 0);
	assert_int_equal(lag.settled_ms, 7000);
	(void)store_close(store);
}

/* ---- the view ---- */

#define LONG_AGO_MS INT64_C(978307200000) /* 2001 */

static struct source_view view_of(const struct tail_status *tail, int64_t now_ms)
{
	struct source_view s = {.tail = *tail};
	lag_view(&s, &lag, now_ms);
	return s;
}

static uint64_t records_behind(uint64_t bytes, uint64_t settled_bytes, uint64_t settled_rows)
{
	const struct tail_status tail = {.behind_bytes = bytes,
	                                 .settled_bytes = settled_bytes,
	                                 .settled_rows = settled_rows};
	return view_of(&tail, 0).behind_records;
}

static void test_records_behind_by_the_mean_of_rows_so_far(void **state)
{
	(void)state;
	assert_int_equal(records_behind(1001, 3000, 30), 11);
	assert_int_equal(records_behind(1000, 3000, 30), 10);
	assert_int_equal(records_behind(1001, 0, 0), 3); /* rows of a typical size */
	/* Rows after a gap count already, but their bytes do not: there is no usable mean. */
	assert_int_equal(records_behind(1001, 30, 30), 3);
	assert_int_equal(records_behind(0, 3000, 30), 0);
	assert_int_equal(records_behind(1, 3000, 30), 1);
}

static void test_seconds_behind_are_the_age_of_the_last_settled_row(void **state)
{
	(void)state;
	const struct tail_status behind = {.behind_bytes = 1}, level = {0};
	assert_int_equal(view_of(&behind, 0).behind_seconds, 0); /* no time is known */
	lag.first_ms = LONG_AGO_MS;
	assert_true(view_of(&behind, 0).behind_seconds > 20 * 365 * DAY_S);
	lag.settled_ms = INT64_C(32472144000000);
	assert_int_equal(view_of(&behind, 0).behind_seconds, 0); /* clocks differ */
	lag.settled_ms = LONG_AGO_MS;
	assert_true(view_of(&behind, 0).behind_seconds > 20 * 365 * DAY_S);
	assert_int_equal(view_of(&level, 0).behind_seconds, 0);
}

/* After a quiet night a new row is not a night late. */
static void test_no_later_than_since_all_was_done(void **state)
{
	(void)state;
	struct tail_status behind = {.behind_bytes = 1};
	lag.settled_ms = LONG_AGO_MS;
	lag.caught_up_ms = 1000000;
	assert_int_equal(view_of(&behind, 1007000).behind_seconds, 7);
	assert_int_equal(view_of(&behind, 1000000).behind_seconds, 0);
	behind.unreadable = 1; /* then caught_up_ms does not cover all files */
	assert_true(view_of(&behind, 1007000).behind_seconds > 20 * 365 * DAY_S);
}

static void test_the_last_record_is_the_last_that_was_read(void **state)
{
	(void)state;
	const struct tail_status tail = {0};
	assert_int_equal(view_of(&tail, 0).last_record_ms, 0);
	lag.settled_ms = 5000;
	assert_int_equal(view_of(&tail, 0).last_record_ms, 5000);
	lag.read_ms = 9000;
	assert_int_equal(view_of(&tail, 0).last_record_ms, 9000);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

static int setup_folder(void **state)
{
	return setup(state) == 0 ? temp_setup(state) : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_answers_in_order_settle_row_after_row),
	        TEST(test_beyond_a_gap_nothing_is_settled),
	        TEST(test_filling_the_gap_settles_all),
	        TEST(test_filling_one_of_two_gaps_settles_rows_up_to_the_other),
	        TEST(test_the_place_in_the_file_counts_not_the_time_of_the_answer),
	        TEST(test_a_row_without_a_time_changes_nothing),
	        TEST(test_the_first_and_the_last_time_that_were_read),
	        TEST(test_invalid_or_too_long_times_are_ignored),
	        cmocka_unit_test_setup_teardown(
	                test_the_store_keeps_the_time_of_the_last_settled_row, setup_folder,
	                temp_teardown),
	        TEST(test_records_behind_by_the_mean_of_rows_so_far),
	        TEST(test_seconds_behind_are_the_age_of_the_last_settled_row),
	        TEST(test_no_later_than_since_all_was_done),
	        TEST(test_the_last_record_is_the_last_that_was_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
