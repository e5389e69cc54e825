/*
 * test_leases_random.c - ship/lease.h: agent and replay at random; together they never have more
 * requests in flight than the limit in-flight.
 */
#include "tests/unit/agent/rig_share.h"

static struct {
	unsigned flying, slots;
	int64_t ask_ms; /* it asks again then, and starts nothing before that */
} replay;

static unsigned most_seen;

static void check(void)
{
	unsigned together = flying() + replay.flying;
	assert_true(together <= sh.endpoints[0].in_flight);
	if (together > most_seen)
		most_seen = together;
}

static void replay_asks(void)
{
	const struct granted g = ask(replay.flying);
	assert_true(g.slots <= sh.endpoints[0].in_flight);
	replay.slots = g.slots;
	replay.ask_ms = sh.now_ms + g.ask_ms;
}

static void pass_time(void)
{
	sh.now_ms += temp_random(400);
	if (sh.now_ms >= replay.ask_ms)
		replay_asks();
	leases_apply(&sh.leases, sh.now_ms);
}

static void step(void)
{
	switch (temp_random(6)) {
	case 0:
		if (ship_pending(sh.ship) < 20)
			add(1 + temp_random(3));
		break;
	case 1:
		if (flying() > 0)
			end_one();
		break;
	case 2:
		replay.flying += replay.flying < replay.slots;
		break;
	case 3:
		replay.flying -= replay.flying > 0;
		break;
	case 4:
		pass_time();
		break;
	default:
		begin();
	}
	check();
}

/* Sometimes the replay ends, and another one begins. */
static void end_or_begin(void)
{
	if (replay.flying == 0 && temp_random(2) == 0) {
		expect_reply("octeth", "0", "1", "0\n");
		replay.slots = 0;
	}
	replay_asks();
}

static void run_at_random(unsigned in_flight)
{
	sh.endpoints[0].in_flight = in_flight;
	replay.flying = replay.slots = 0;
	most_seen = 0;
	share_open();
	warm_up();
	replay_asks();
	for (unsigned i = 0; i < 2000; i++) {
		step();
		if (temp_random(50) == 0)
			end_or_begin();
		check();
	}
	assert_int_equal(most_seen, in_flight); /* and the limit is used */
	while (flying() > 0)
		end_one();
	sh.leases.n = 0;
	share_close();
}

static void test_together_they_never_exceed_in_flight(UNUSED void **state)
{
	for (unsigned in_flight = 1; in_flight <= 6; in_flight++)
		run_at_random(in_flight);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        SHARE_TEST(test_together_they_never_exceed_in_flight),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
