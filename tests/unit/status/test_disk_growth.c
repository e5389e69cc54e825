/*
 * test_disk_growth.c - status/disk_growth.h: when a volume will be full, by its growth over up to a
 * day.
 */
#include "tests/unit/temp.h"

#include <math.h>

#include "status/disk_growth.h"

#define HOUR GROWTH_STEP_MS
#define GIB (1ull << 30)

static struct disk_growth g;

static int setup(void **state)
{
	(void)state;
	memset(&g, 0, sizeof(g));
	return 0;
}

/* As in the main loop: recorded when it is due, read often. */
static void note(int64_t now_ms, uint64_t bytes)
{
	if (disk_growth_due(&g, now_ms))
		disk_growth_note(&g, now_ms, bytes);
}

static void test_nothing_is_reported_in_the_first_hour(void **state)
{
	(void)state;
	assert_true(disk_growth_full_s(&g, 5, 0, GIB) < 0);
	note(5, 0);
	assert_false(disk_growth_due(&g, 5 + HOUR - 1));
	assert_true(disk_growth_full_s(&g, 5 + HOUR - 1, GIB, GIB) < 0);
	assert_true(disk_growth_due(&g, 5 + HOUR));
	assert_true(disk_growth_full_s(&g, 5 + HOUR, GIB, GIB) >= 0);
}

static void test_a_gibibyte_an_hour_fills_ten_in_ten_hours(void **state)
{
	(void)state;
	for (int64_t h = 0; h <= 30; h++) {
		note(h * HOUR, (uint64_t)h * GIB);
		if (h > 0)
			assert_true(
			        fabs(disk_growth_full_s(&g, h * HOUR, (uint64_t)h * GIB, 10 * GIB) -
			             36000) < 1);
	}
	assert_int_equal(g.n, GROWTH_STEPS);
}

static void test_only_the_last_day_counts(void **state)
{
	(void)state;
	for (int64_t h = 0; h <= 100; h++)
		note(h * HOUR, h < 50 ? (uint64_t)h * GIB : 50 * GIB);
	assert_true(isinf(disk_growth_full_s(&g, 100 * HOUR, 50 * GIB, GIB)));
	assert_true(isinf(disk_growth_full_s(&g, 100 * HOUR, 40 * GIB, GIB)));
}

static void test_a_daily_cleaning_evens_out(void **state)
{
	(void)state;
	/* A GiB an hour, and 23 of 24 are deleted once a day. */
	uint64_t bytes = 0;
	for (int64_t h = 0; h <= 480; h++) {
		note(h * HOUR, bytes);
		bytes += GIB;
		if (h % 24 == 23)
			bytes -= 23 * GIB;
	}
	double full = disk_growth_full_s(&g, 480 * HOUR, bytes - GIB, GIB);
	assert_true(fabs(full - 86400) < 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(test_nothing_is_reported_in_the_first_hour, setup),
	        cmocka_unit_test_setup(test_a_gibibyte_an_hour_fills_ten_in_ten_hours, setup),
	        cmocka_unit_test_setup(test_only_the_last_day_counts, setup),
	        cmocka_unit_test_setup(test_a_daily_cleaning_evens_out, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
