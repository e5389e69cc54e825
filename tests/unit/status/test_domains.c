/*
 * test_domains.c - status/domains.h: large domains are named, small ones never, and nothing is
 * lost.
 */
#include "tests/unit/temp.h"

#include "status/domains.h"

static struct domains d;

static int setup(void **state)
{
	(void)state;
	memset(&d, 0, sizeof(d));
	return 0;
}

static void count(const char *address, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		domains_count(&d, slice_of(address));
}

static uint64_t total(void)
{
	uint64_t sum = d.others;
	for (size_t i = 0; i < d.n; i++)
		sum += d.slots[i].events;
	return sum;
}

static void test_a_domain_is_named_once_it_is_large(void **state)
{
	(void)state;
	count("a@large.example", DOMAIN_LARGE - 1);
	assert_int_equal(d.n, 0);
	count("b@Large.EXAMPLE", 1);
	assert_int_equal(d.n, 1);
	assert_string_equal(d.slots[0].name, "large.example");
	assert_int_equal(d.slots[0].events, 0); /* earlier bounces stay where they were counted */
	count("c@large.example", 7);
	assert_int_equal(d.slots[0].events, 7);
	assert_int_equal(d.others, DOMAIN_LARGE);
	assert_int_equal(total(), DOMAIN_LARGE + 7);
}

static void test_many_small_domains_take_no_slot(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		char address[64];
		(void)snprintf(address, sizeof(address), "a@d%u.example", i % 20000);
		count(address, 1);
	}
	assert_int_equal(d.n, 0);
	assert_int_equal(d.others, 100000);
}

static void test_a_large_domain_comes_through_among_small_ones(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		char address[64];
		(void)snprintf(address, sizeof(address), "a@d%u.example", i);
		count(address, 1);
		count("a@large.example", 1);
	}
	assert_int_equal(d.n, 1);
	assert_true(d.slots[0].events > 19000);
	assert_int_equal(total(), 40000);
}

static void test_slots_are_bounded_and_kept(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3 * DOMAINS_MAX; i++) {
		char address[64];
		(void)snprintf(address, sizeof(address), "a@d%u.example", i);
		count(address, 3 * DOMAIN_LARGE);
	}
	assert_int_equal(d.n, DOMAINS_MAX);
	assert_string_equal(d.slots[0].name, "d0.example");
	assert_int_equal(d.slots[0].events, 2 * DOMAIN_LARGE);
	assert_int_equal(total(), 9ul * DOMAINS_MAX * DOMAIN_LARGE);
}

static void test_texts_that_are_no_domain_are_not_named(void **state)
{
	(void)state;
	char longest[DOMAIN_SIZE + 3];
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "a@", 2);
	longest[DOMAIN_SIZE + 2] = '\0';
	const char *const none[] = {"",         "nobody",     "a@",      "a@b\"c", "a@b c",
	                            "a@b\\n.x", "a@\xc3\xa4", "a@{x=1}", longest};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		count(none[i], 3 * DOMAIN_LARGE);
	assert_int_equal(d.n, 0);
	assert_int_equal(d.others, 3 * DOMAIN_LARGE * sizeof(none) / sizeof(none[0]));
	longest[DOMAIN_SIZE + 1] = '\0'; /* the longest name that fits */
	count(longest, DOMAIN_LARGE);
	assert_int_equal(d.n, 1);
	count("\"odd@one\"@large.example", DOMAIN_LARGE);
	assert_string_equal(d.slots[1].name, "large.example");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(test_a_domain_is_named_once_it_is_large, setup),
	        cmocka_unit_test_setup(test_many_small_domains_take_no_slot, setup),
	        cmocka_unit_test_setup(test_a_large_domain_comes_through_among_small_ones, setup),
	        cmocka_unit_test_setup(test_slots_are_bounded_and_kept, setup),
	        cmocka_unit_test_setup(test_texts_that_are_no_domain_are_not_named, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
