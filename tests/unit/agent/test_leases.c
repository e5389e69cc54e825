/*
 * test_leases.c - leases.h: how much of a shared endpoint a replay is granted, and which limits
 * the agent keeps meanwhile.
 */
#include "tests/unit/agent/rig_share.h"

#define UNKNOWN "1\nthere is no such endpoint here\n"

static void test_half_of_the_free_slots_is_granted(UNUSED void **state)
{
	static const struct {
		unsigned in_flight, want;
	} cases[] = {{2, 1}, {3, 1}, {4, 2}, {5, 2}, {16, 8}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sh.endpoints[0].in_flight = cases[i].in_flight;
		share_open();
		const struct granted g = ask(0);
		assert_int_equal(g.slots, cases[i].want);
		assert_int_equal(g.ask_ms, SHARE_ASK_MS);
		assert_string_equal(g.why, "");
		share_close();
		sh.leases.n = 0;
	}
}

static void test_no_more_is_granted_than_is_free(UNUSED void **state)
{
	share_open();
	warm_up();
	add(8);
	begin();
	assert_int_equal(flying(), 4);
	struct granted g = ask(0);
	assert_int_equal(g.slots, 0);
	assert_int_equal(g.ask_ms, 100); /* soon: requests beyond our share are about to end */
	end_one();
	begin(); /* beyond our share no request begins */
	assert_int_equal(flying(), 3);
	g = ask(0);
	assert_int_equal(g.slots, 1);
	assert_int_equal(g.ask_ms, 100);
	end_one();
	begin();
	assert_int_equal(flying(), 2);
	g = ask(1);
	assert_int_equal(g.slots, 2);
	assert_int_equal(g.ask_ms, SHARE_ASK_MS);
	end_one();
	begin();
	assert_int_equal(flying(), 2);
}

/* The replay has more in flight than its share, for example from before a reload. */
static void test_requests_in_flight_at_the_replay_count(UNUSED void **state)
{
	share_open();
	warm_up();
	add(8);
	assert_int_equal(ask(3).slots, 2);
	begin();
	assert_int_equal(flying(), 1);
	assert_int_equal(ask(4).slots, 2);
	end_one();
	begin();
	assert_int_equal(flying(), 0);
	assert_int_equal(ask(100000).slots, 2);
	begin();
	assert_int_equal(flying(), 0);
	assert_int_equal(ask(0).slots, 2);
	begin();
	assert_int_equal(flying(), 2);
}

static void test_the_only_request_changes_hands_every_second(UNUSED void **state)
{
	sh.endpoints[0].in_flight = 1;
	share_open();
	sh.now_ms = 5000;
	assert_int_equal(ask(0).slots, 1); /* there is nothing to send here */
	sh.now_ms = 6000;
	add(3);
	assert_int_equal(ask(0).slots, 1);
	begin();
	assert_int_equal(flying(), 0);
	sh.now_ms = 7000;
	const struct granted g = ask(0);
	assert_int_equal(g.slots, 0);
	assert_int_equal(g.ask_ms, 250);
	begin();
	assert_int_equal(flying(), 1);
	sh.now_ms = 7999;
	assert_int_equal(ask(0).slots, 0);
	sh.now_ms = 8000;
	assert_int_equal(ask(0).slots, 0); /* its turn, but our request has not ended */
	end_one();
	begin();
	assert_int_equal(flying(), 0);
	assert_int_equal(ask(0).slots, 1);
	sh.now_ms = 9000;
	assert_int_equal(ask(1).slots, 0); /* our turn, but its request has not ended */
	begin();
	assert_int_equal(flying(), 0);
	assert_int_equal(ask(0).slots, 0);
	begin();
	assert_int_equal(flying(), 1);
}

static void test_a_lease_ends_by_itself(UNUSED void **state)
{
	share_open();
	warm_up();
	assert_int_equal(leases_timeout(&sh.leases, sh.now_ms), -1);
	add(8);
	assert_int_equal(ask(0).slots, 2);
	assert_int_equal(leases_timeout(&sh.leases, sh.now_ms), SHARE_LEASE_MS);
	sh.now_ms += SHARE_LEASE_MS - 1;
	leases_apply(&sh.leases, sh.now_ms);
	begin();
	assert_int_equal(flying(), 2);
	assert_int_equal(leases_timeout(&sh.leases, sh.now_ms), 1);
	assert_int_equal(ask(0).slots, 2); /* renewed */
	assert_int_equal(sh.leases.n, 1);
	sh.now_ms += SHARE_LEASE_MS;
	assert_int_equal(leases_timeout(&sh.leases, sh.now_ms), 0);
	leases_apply(&sh.leases, sh.now_ms);
	assert_int_equal(leases_timeout(&sh.leases, sh.now_ms), -1);
	begin();
	assert_int_equal(flying(), 4);
}

static void test_a_replay_that_ends_reports_it(UNUSED void **state)
{
	share_open();
	warm_up();
	add(8);
	expect_reply("octeth", "0", "1", "0\n"); /* without a lease before */
	assert_int_equal(ask(0).slots, 2);
	begin();
	assert_int_equal(flying(), 2);
	expect_reply("octeth", "0", "1", "0\n");
	assert_int_equal(sh.leases.n, 0);
	begin();
	assert_int_equal(flying(), 4);
}

static void test_after_a_reload_it_holds_for_the_next_ship(UNUSED void **state)
{
	share_open();
	sh.endpoints[0].in_flight = 2;
	assert_int_equal(ask(0).slots, 1);
	share_close();
	share_open();
	leases_apply(&sh.leases, sh.now_ms);
	add(8);
	begin();
	assert_int_equal(flying(), 1);
	share_close();
	sh.conf.nendpoints = 0; /* another configuration has no such endpoint */
	share_open();
	leases_apply(&sh.leases, sh.now_ms);
	assert_int_equal(sh.leases.n, 0);
}

static void test_invalid_questions_are_refused(UNUSED void **state)
{
	char name[100];
	share_open();
	expect_reply("nobody", "0", NULL, UNKNOWN);
	expect_reply(NULL, "0", NULL, UNKNOWN);
	expect_reply("octeth", NULL, NULL, UNKNOWN);
	expect_reply("octeth", "", NULL, UNKNOWN);
	expect_reply("octeth", "-1", NULL, UNKNOWN);
	expect_reply("octeth", "1x", NULL, UNKNOWN);
	expect_reply("octeth", "100001", NULL, UNKNOWN);
	expect_reply("octeth", "99999999999999999999", NULL, UNKNOWN);
	expect_reply("nobody", "0", "1", UNKNOWN);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	sh.endpoints[0].name = name; /* none that sh.conf.h lets pass */
	expect_reply(name, "0", NULL, UNKNOWN);
	assert_int_equal(sh.leases.n, 0);
}

static void test_so_many_endpoints_and_no_more(UNUSED void **state)
{
	static char names[ENDPOINTS][16];
	sh.conf.nendpoints = ENDPOINTS;
	for (size_t i = 0; i < ENDPOINTS; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "endpoint-%zu", i);
		sh.endpoints[i].name = names[i];
	}
	share_open();
	for (size_t i = 0; i < LEASES_MAX; i++)
		assert_int_equal(ask_of(names[i], 0).slots, 2);
	expect_reply(names[LEASES_MAX], "0", NULL, "1\ntoo many endpoints are shared already\n");
	assert_int_equal(ask_of(names[3], 0).slots, 2); /* a shared endpoint is no longer there */
	expect_reply(names[5], "0", "1", "0\n");
	for (size_t i = 0; i < sh.leases.n; i++)
		assert_string_not_equal(sh.leases.all[i].endpoint, names[5]);
	assert_int_equal(ask_of(names[LEASES_MAX], 0).slots, 2);
	assert_int_equal(sh.leases.n, LEASES_MAX);
	sh.now_ms += SHARE_LEASE_MS;
	leases_apply(&sh.leases, sh.now_ms);
	assert_int_equal(sh.leases.n, 0);
}

static void test_an_endpoint_that_takes_nothing_grants_nothing(UNUSED void **state)
{
	sh.endpoints[0].requests_per_minute = 1;
	share_open();
	struct granted g = ask(0);
	assert_int_equal(g.slots, 0);
	assert_int_equal(g.ask_ms, 2000);
	assert_string_equal(g.why, "requests-per-minute is 1, which cannot be shared");
	share_close();
	sh.endpoints[0].requests_per_minute = 0;
	share_open();
	ship_pause(sh.ship, 0, true, sh.now_ms);
	g = ask(0);
	assert_int_equal(g.slots, 0);
	assert_string_equal(g.why, "paused");
	ship_pause(sh.ship, 0, false, sh.now_ms);
	assert_int_equal(ask(0).slots, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        SHARE_TEST(test_half_of_the_free_slots_is_granted),
	        SHARE_TEST(test_no_more_is_granted_than_is_free),
	        SHARE_TEST(test_requests_in_flight_at_the_replay_count),
	        SHARE_TEST(test_the_only_request_changes_hands_every_second),
	        SHARE_TEST(test_a_lease_ends_by_itself),
	        SHARE_TEST(test_a_replay_that_ends_reports_it),
	        SHARE_TEST(test_after_a_reload_it_holds_for_the_next_ship),
	        SHARE_TEST(test_invalid_questions_are_refused),
	        SHARE_TEST(test_so_many_endpoints_and_no_more),
	        SHARE_TEST(test_an_endpoint_that_takes_nothing_grants_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
