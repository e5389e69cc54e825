/*
 * test_descriptors.c - descriptors.h: files never take the descriptors of sockets.
 */
#include "tests/unit/temp.h"

#include "agent/descriptors.h"
#include "tailer/tailer.h"

static struct ship_conf endpoints[2] = {{.in_flight = 16}, {.in_flight = 4}};
static struct conf conf = {.endpoints = endpoints, .nendpoints = 2};

static void test_files_ahead_and_all_else_fit_into_the_limit(UNUSED void **state)
{
	for (conf.nsources = 1; conf.nsources <= 100; conf.nsources++) {
		uint64_t reserved = descriptors_reserved(&conf);
		for (uint64_t limit = 0; limit <= 5000; limit += 7) {
			size_t ahead = descriptors_ahead(&conf, limit);
			assert_in_range(ahead, 1, TAIL_AHEAD);
			if (ahead > 1)
				assert_true(reserved + ahead * conf.nsources <= limit);
		}
	}
}

static void test_a_usual_limit_is_enough_for_few_sources_and_shared_by_many(UNUSED void **state)
{
	conf.nsources = 2;
	assert_int_equal(descriptors_ahead(&conf, 1024), TAIL_AHEAD);
	conf.nsources = 33;
	assert_in_range(descriptors_ahead(&conf, 1024), 20, 31);
	assert_int_equal(descriptors_ahead(&conf, UINT64_MAX), TAIL_AHEAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_files_ahead_and_all_else_fit_into_the_limit),
	        cmocka_unit_test(test_a_usual_limit_is_enough_for_few_sources_and_shared_by_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
