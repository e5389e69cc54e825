/*
 * test_meter.c - ship/meter.h: a request counts in the bucket whose bound it does not exceed.
 */
#include "tests/unit/temp.h"

#include "ship/meter.h"

static uint64_t sum(const uint64_t *counts, size_t n)
{
	uint64_t total = 0;
	for (size_t i = 0; i < n; i++)
		total += counts[i];
	return total;
}

static void test_bounds_are_included(void **state)
{
	(void)state;
	for (size_t i = 0; i < METER_LATENCIES; i++) {
		struct ship_meter m = {0};
		meter_request(&m, 200, (int64_t)meter_latency_us[i], 1, 1);
		assert_int_equal(m.by_latency[i], 1);
		meter_request(&m, 200, (int64_t)meter_latency_us[i] + 1, 1, 1);
		assert_int_equal(m.by_latency[i + 1], 1);
	}
	for (size_t i = 0; i < METER_SIZES; i++) {
		struct ship_meter m = {0};
		meter_request(&m, 200, 0, meter_size[i], 1);
		assert_int_equal(m.by_size[i], 1);
		meter_request(&m, 200, 0, meter_size[METER_SIZES - 1] + 1, 1);
		assert_int_equal(m.by_size[METER_SIZES], 1);
	}
}

static void test_every_request_is_in_one_bucket_of_each(void **state)
{
	(void)state;
	struct ship_meter m = {0};
	uint64_t elapsed = 0, records = 0;
	for (uint64_t i = 0; i < 1000; i++) {
		meter_request(&m, 200, (int64_t)(i * i * 97), i % 1500, 10);
		elapsed += i * i * 97;
		records += i % 1500;
	}
	assert_int_equal(sum(m.by_latency, METER_LATENCIES + 1), 1000);
	assert_int_equal(sum(m.by_size, METER_SIZES + 1), 1000);
	assert_int_equal(m.elapsed_us, elapsed);
	assert_int_equal(m.records, records);
	assert_int_equal(m.bytes, 10000);
}

static void test_a_clock_that_jumps_back_counts_as_no_time(void **state)
{
	(void)state;
	struct ship_meter m = {0};
	meter_request(&m, 200, -5, 1, 1);
	assert_int_equal(m.elapsed_us, 0);
	assert_int_equal(m.by_latency[0], 1);
}

static void test_requests_are_counted_by_the_class_of_their_code(void **state)
{
	(void)state;
	struct ship_meter m = {0};
	static const int codes[] = {0, -2, 10, 99, 100, 200, 299, 302, 404, 503, 599, 600, 999};
	static const uint64_t want[6] = {6, 1, 2, 1, 1, 2};
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		meter_request(&m, codes[i], 0, 1, 1);
	assert_memory_equal(m.answers, want, sizeof(want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_bounds_are_included),
	        cmocka_unit_test(test_every_request_is_in_one_bucket_of_each),
	        cmocka_unit_test(test_requests_are_counted_by_the_class_of_their_code),
	        cmocka_unit_test(test_a_clock_that_jumps_back_counts_as_no_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
