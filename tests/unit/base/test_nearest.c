/*
 * test_nearest.c - nearest.h: typing errors are recognised, other words are not.
 */
#include "tests/unit/temp.h"

#include "base/nearest.h"

static const char *const names[] = {"run", "check", "status", "dead", "dry-run"};
#define N (sizeof(names) / sizeof(names[0]))

static void test_slips(void **state)
{
	(void)state;
	assert_string_equal(nearest_of("statsu", names, N), "status");
	assert_string_equal(nearest_of("stauts", names, N), "status");
	assert_string_equal(nearest_of("rn", names, N), "run");
	assert_string_equal(nearest_of("dryrun", names, N), "dry-run");
	assert_string_equal(nearest_of("chek", names, N), "check");
	assert_string_equal(nearest_of("dead", names, N), "dead");
}

static void test_other_words_are_no_slips(void **state)
{
	(void)state;
	static const char nearly[] = "statusstatusstatusstatusstatusstatusstat";
	assert_null(nearest_of("", names, N));
	assert_null(nearest_of("x", names, N));
	assert_null(nearest_of("replay", names, N));
	assert_null(nearest_of("status", names, 0));
	const char *const longer[] = {nearly, "statusstatusstatusstatusstatusstatusstatu"};
	assert_string_equal(nearest_of(nearly + 1, longer, 2), nearly);
	assert_null(nearest_of(longer[1], longer, 2));
}

static void test_one_candidate_at_a_time(void **state)
{
	(void)state;
	unsigned best = NEAREST_NONE;
	assert_true(nearest_is("statu", "state", &best));
	assert_false(nearest_is("statu", "stats", &best)); /* no nearer */
	assert_false(nearest_is("statu", "dead", &best));
	assert_true(nearest_is("statu", "statu", &best));
	assert_int_equal(best, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_slips),
	        cmocka_unit_test(test_other_words_are_no_slips),
	        cmocka_unit_test(test_one_candidate_at_a_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
