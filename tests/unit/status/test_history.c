/*
 * test_history.c - history.h: rates and minutes, also across times without a turn.
 */
#include "tests/unit/temp.h"

#include "status/history.h"

enum { ROWS, BEHIND, SENT, N };

static const struct history_series series[N] = {
        [ROWS] = {"rows", HISTORY_TOTAL},
        [BEHIND] = {"behind", HISTORY_LEVEL},
        [SENT] = {"sent", HISTORY_COUNTER},
};

static struct history *history;
static int64_t now;
static uint64_t values[N];

static int setup(void **state)
{
	(void)state;
	now = 5000; /* the clock does not begin at 0 */
	memset(values, 0, sizeof(values));
	return history_open(&history, series, N, now, NULL);
}

static int teardown(void **state)
{
	(void)state;
	history = history_close(history);
	return 0;
}

/* The loop turns after ms milliseconds; rows are counted after that turn. */
static void turn_after(int64_t ms, uint64_t rows)
{
	bool levels;
	now += ms;
	if (history_due(history, now, &levels))
		history_take(history, now, values);
	values[ROWS] += rows;
	values[SENT] += rows;
}

static void assert_rate(size_t i, int64_t span_ms, double wanted)
{
	double rate = history_rate(history, i, span_ms);
	if (rate < wanted * 0.999 - 1e-9 || rate > wanted * 1.001 + 1e-9)
		fail_msg("%g per second over %jd ms, not %g", rate, (intmax_t)span_ms, wanted);
}

static void test_nothing_is_known_at_first(void **state)
{
	(void)state;
	uint64_t minutes[HISTORY_MINUTES];
	bool levels = false;
	assert_rate(ROWS, 10000, 0);
	assert_rate(ROWS, 3600000, 0);
	assert_int_equal(history_minutes(history, ROWS, minutes), 0);
	assert_true(history_due(history, now, &levels));
	assert_true(levels);
	assert_int_equal(history_last_minute_ms(history), now);
	assert_false(history_due(NULL, now, &levels));
	assert_null(history_close(NULL));
}

static void test_counts_from_before_the_opening_are_no_growth(void **state)
{
	(void)state;
	values[ROWS] = 1000000;
	turn_after(0, 0);
	turn_after(1000, 0);
	assert_rate(ROWS, 10000, 0);
}

static void test_steady_work_gives_the_same_rate_over_every_span(void **state)
{
	(void)state;
	turn_after(0, 0);
	for (int i = 0; i < 2 * 3600 * 10; i++)
		turn_after(100, 25);
	assert_rate(ROWS, 10000, 250);
	assert_rate(ROWS, 60000, 250);
	assert_rate(ROWS, 3600000, 250);
	uint64_t minutes[HISTORY_MINUTES];
	assert_int_equal(history_minutes(history, ROWS, minutes), HISTORY_MINUTES);
	for (size_t i = 0; i < HISTORY_MINUTES; i++)
		assert_int_equal(minutes[i], 15000);
	assert_int_equal(history_last_minute_ms(history), now);
}

static void test_a_young_history_divides_by_its_age(void **state)
{
	(void)state;
	turn_after(0, 90);
	turn_after(30000, 0);
	assert_rate(ROWS, 10000, 0);
	assert_rate(ROWS, 60000, 3);
	assert_rate(ROWS, 3600000, 3);
}

/* Rows count in the minute of their turn, not in the last minute of the sleep after it. */
static void test_minutes_that_were_slept_through_are_empty(void **state)
{
	(void)state;
	uint64_t minutes[HISTORY_MINUTES];
	turn_after(0, 0);
	turn_after(30000, 70);
	turn_after(5 * 60000, 8);
	turn_after(60000, 0);
	assert_int_equal(history_minutes(history, ROWS, minutes), 6);
	assert_int_equal(minutes[0], 70);
	for (size_t i = 1; i < 5; i++)
		assert_int_equal(minutes[i], 0);
	assert_int_equal(minutes[5], 8);
}

static void test_after_hours_of_sleep_the_hour_is_empty(void **state)
{
	(void)state;
	uint64_t minutes[HISTORY_MINUTES];
	turn_after(0, 500);
	turn_after(5 * 3600 * 1000 + 123, 0);
	assert_rate(ROWS, 3600000, 0);
	assert_int_equal(history_minutes(history, ROWS, minutes), HISTORY_MINUTES);
	for (size_t i = 0; i < HISTORY_MINUTES; i++)
		assert_int_equal(minutes[i], 0);
	turn_after(877, 60);
	turn_after(1000, 0);
	assert_rate(ROWS, 10000, 6);
}

static void test_a_burst_leaves_the_last_seconds_but_not_the_hour(void **state)
{
	(void)state;
	turn_after(0, 0);
	turn_after(3600000, 36000);
	turn_after(11000, 0);
	assert_rate(ROWS, 10000, 0);
	assert_true(history_rate(history, ROWS, 60000) > 500);
	assert_true(history_rate(history, ROWS, 3600000) > 9);
	turn_after(3601000, 0);
	turn_after(61000, 0);
	assert_rate(ROWS, 3600000, 0);
}

static void test_levels_are_what_they_were_at_the_end_of_a_minute(void **state)
{
	(void)state;
	uint64_t minutes[HISTORY_MINUTES];
	bool levels = true;
	turn_after(0, 0);
	values[BEHIND] = 9;
	turn_after(60000, 0);
	assert_true(history_due(history, now + 1000, &levels));
	assert_false(levels); /* after one second the files are not looked at again */
	values[BEHIND] = 4;
	turn_after(120000, 0);
	assert_int_equal(history_minutes(history, BEHIND, minutes), 3);
	assert_int_equal(minutes[0], 9);
	assert_int_equal(minutes[1], 4);
	assert_int_equal(minutes[2], 4);
}

/* After a reload rows in flight are read again, and the endpoints' counters begin at 0. */
static void test_a_step_back_counts_nothing_twice(void **state)
{
	(void)state;
	uint64_t minutes[HISTORY_MINUTES];
	turn_after(0, 100);
	turn_after(1000, 0);
	values[ROWS] = 60;
	values[SENT] = 7;
	turn_after(1000, 0);
	values[ROWS] = 110;
	values[SENT] = 8;
	turn_after(58000, 0);
	assert_int_equal(history_minutes(history, ROWS, minutes), 1);
	assert_int_equal(minutes[0], 110);
	assert_int_equal(history_minutes(history, SENT, minutes), 1);
	assert_int_equal(minutes[0], 108);
}

static void test_series_are_found_again_by_name(void **state)
{
	(void)state;
	static const struct history_series other[] = {{"new", HISTORY_COUNTER},
	                                              {"rows", HISTORY_TOTAL}};
	struct history *next;
	uint64_t minutes[HISTORY_MINUTES];
	turn_after(0, 300);
	turn_after(90000, 0);
	assert_int_equal(history_open(&next, other, 2, now, history), 0);
	history_close(history);
	history = next;
	const uint64_t then[] = {5000, 330};
	history_take(history, now + 30000, then);
	assert_int_equal(history_minutes(history, 1, minutes), 2);
	assert_int_equal(minutes[0], 300);
	assert_int_equal(minutes[1], 30);
	assert_int_equal(history_minutes(history, 0, minutes), 2);
	assert_int_equal(minutes[0] + minutes[1], 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(test_nothing_is_known_at_first),
	        TEST(test_counts_from_before_the_opening_are_no_growth),
	        TEST(test_steady_work_gives_the_same_rate_over_every_span),
	        TEST(test_a_young_history_divides_by_its_age),
	        TEST(test_minutes_that_were_slept_through_are_empty),
	        TEST(test_after_hours_of_sleep_the_hour_is_empty),
	        TEST(test_a_burst_leaves_the_last_seconds_but_not_the_hour),
	        TEST(test_levels_are_what_they_were_at_the_end_of_a_minute),
	        TEST(test_a_step_back_counts_nothing_twice),
	        TEST(test_series_are_found_again_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
