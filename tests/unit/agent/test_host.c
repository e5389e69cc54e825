/*
 * test_host.c - agent/host.h: a foreign web page cannot ask under a name of the agent.
 */
#include "tests/unit/temp.h"

#include "agent/host.h"

static void test_names_that_no_page_elsewhere_can_have(void **state)
{
	(void)state;
	const char *const ours[] = {
	        "127.0.0.1:9468",       "127.0.0.1", "[::1]:9468",     "[::1]",
	        "192.0.2.7:80",         "localhost", "localhost:9468", "LOCALHOST",
	        "x.localhost:9468",     "mta1",      "mta1:9468",      "mta1.example.com",
	        "MTA1.example.COM:9468"};
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (!host_is_ours(ours[i], "mta1.example.com"))
			fail_msg("%s is refused", ours[i]);
	}
	assert_true(host_is_ours(NULL, "mta1"));
}

static void test_all_others_are_refused(void **state)
{
	(void)state;
	char longest[400];
	memset(longest, 'a', sizeof(longest) - 1);
	longest[399] = '\0';
	const char *const others[] = {"",
	                              ":9468",
	                              "evil.example",
	                              "evil.example:9468",
	                              "localhost.evil.example",
	                              "127.0.0.1.evil.example",
	                              "mta1.example.com.evil.example",
	                              "mta2.example.com",
	                              ".localhost",
	                              "[evil.example]",
	                              "[::1.evil.example]:9468",
	                              "[]",
	                              "[",
	                              "evil.",
	                              longest};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (host_is_ours(others[i], "mta1.example.com"))
			fail_msg("%s is accepted as a name of the agent", others[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_names_that_no_page_elsewhere_can_have),
	        cmocka_unit_test(test_all_others_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
