/*
 * test_backoff.c - backoff.h: bounds and jitter.
 */
#include "tests/unit/temp.h"

#include "ship/backoff.h"

static void test_between_half_of_min_and_the_doubled_ceiling(void **state)
{
	(void)state;
	uint64_t random = 1;
	for (unsigned attempts = 0; attempts < 40; attempts++) {
		uint64_t top = 1000;
		for (unsigned i = 1; i < attempts && top < 300000; i++)
			top *= 2;
		if (top > 300000)
			top = 300000;
		for (int i = 0; i < 1000; i++) {
			uint64_t ms = backoff_ms(attempts, 1000, 300000, &random);
			assert_in_range(ms, 500, top);
		}
	}
}

static void test_jitter_is_full(void **state)
{
	(void)state;
	uint64_t random = 5;
	unsigned quarter[4] = {0};
	for (int i = 0; i < 4000; i++) {
		uint64_t ms = backoff_ms(7, 1000, 60000, &random);
		quarter[(ms - 500) * 4 / 59501]++;
	}
	for (int i = 0; i < 4; i++)
		assert_in_range(quarter[i], 800, 1200);
}

static void test_senders_that_failed_together_spread(void **state)
{
	(void)state;
	uint64_t seen[50];
	for (uint64_t i = 0; i < 50; i++) {
		uint64_t random = 1000 + 2 * i; /* started in the same 100 ms */
		seen[i] = backoff_ms(10, 1000, 300000, &random);
		for (uint64_t k = 0; k < i; k++)
			assert_int_not_equal(seen[i], seen[k]);
	}
}

static void test_odd_limits(void **state)
{
	(void)state;
	uint64_t random = 0;
	assert_in_range(backoff_ms(UINT32_MAX, 1, UINT64_MAX / 2, &random), 0, UINT64_MAX / 2);
	assert_in_range(backoff_ms(100, 1000, 1000, &random), 500, 1000);
	assert_int_equal(backoff_ms(5, 0, 0, &random), 0);
	assert_int_equal(backoff_ms(1, 5000, 1000, &random), 1000); /* max below min */
	assert_int_not_equal(random, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_between_half_of_min_and_the_doubled_ceiling),
	        cmocka_unit_test(test_jitter_is_full),
	        cmocka_unit_test(test_senders_that_failed_together_spread),
	        cmocka_unit_test(test_odd_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
