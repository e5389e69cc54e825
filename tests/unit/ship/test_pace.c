/*
 * test_pace.c - pace.h: how many requests are in flight, and how soon a host gets the next one.
 */
#include "tests/unit/temp.h"

#include "ship/pace.h"

static void test_fast_answers_allow_more_up_to_the_configured_number(void **state)
{
	(void)state;
	struct pace p;
	pace_open(&p, 5);
	assert_int_equal(pace_limit(&p, false), 2);
	for (int i = 0; i < 10; i++)
		pace_answered(&p, 10);
	assert_int_equal(pace_limit(&p, false), 5);
	pace_open(&p, 1);
	assert_int_equal(pace_limit(&p, false), 1);
}

static void test_slow_answers_allow_no_more(void **state)
{
	(void)state;
	struct pace p;
	pace_open(&p, 8);
	pace_answered(&p, 10);
	unsigned limit = pace_limit(&p, false);
	pace_answered(&p, 500);
	assert_int_equal(pace_limit(&p, false), limit);
}

static void test_halved_down_to_one(void **state)
{
	(void)state;
	struct pace p;
	pace_open(&p, 8);
	for (int i = 0; i < 8; i++)
		pace_answered(&p, 1);
	pace_halve(&p);
	assert_int_equal(pace_limit(&p, false), 4);
	for (int i = 0; i < 8; i++)
		pace_halve(&p);
	assert_int_equal(pace_limit(&p, false), 1);
}

static void test_one_probe_while_it_fails_and_none_when_another_process_has_all(void **state)
{
	(void)state;
	struct pace p;
	pace_open(&p, 8);
	assert_int_equal(pace_limit(&p, true), 1);
	p.ceiling = 0;
	assert_int_equal(pace_limit(&p, true), 0);
	assert_int_equal(pace_limit(&p, false), 0);
}

static void test_a_rate_is_never_exceeded_and_an_unused_slot_is_not_saved_up(void **state)
{
	(void)state;
	struct rate r = {0};
	rate_use(&r, 7, 1000);
	assert_int_equal(r.slot_ms, 1000 + 8572); /* 60,000 / 7 rounded up */
	rate_use(&r, 7, 1000);
	assert_int_equal(r.slot_ms, 1000 + 2 * 8572);
	rate_use(&r, 7, 100000);
	assert_int_equal(r.slot_ms, 100000 + 8572);
	r.half = true;
	rate_use(&r, 60, 200000);
	assert_int_equal(r.slot_ms, 202000);
	rate_use(&r, 1, 300000); /* half of one is one */
	assert_int_equal(r.slot_ms, 360000);
	rate_use(&r, 0, 900000); /* no rate */
	assert_int_equal(r.slot_ms, 360000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_fast_answers_allow_more_up_to_the_configured_number),
	        cmocka_unit_test(test_slow_answers_allow_no_more),
	        cmocka_unit_test(test_halved_down_to_one),
	        cmocka_unit_test(
	                test_one_probe_while_it_fails_and_none_when_another_process_has_all),
	        cmocka_unit_test(test_a_rate_is_never_exceeded_and_an_unused_slot_is_not_saved_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
