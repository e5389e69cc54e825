/*
 * test_endpoint_memory.c - endpoint_memory.h: what is known about an endpoint after a restart.
 */
#include "tests/unit/agent/rig.h"

#include "state/sql.h"
#include "state/store_impl.h"

static int setup_agent(void **state)
{
	if (setup(state) < 0)
		return -1;
	start();
	return 0;
}

static void put(void)
{
	assert_int_equal(store_begin(fx.store), 0);
	assert_int_equal(endpoint_memory_put(&fx.memory), 0);
	assert_int_equal(store_commit(fx.store, fx.now_ms), 0);
	endpoint_memory_stored(&fx.memory);
}

static void know(bool ever_accepted, unsigned refused, int64_t run_)
{
	const struct ship_memory m = {ever_accepted, refused, run_};
	ship_set_memory(fx.ship, 0, &m);
}

static void expect_known(bool ever_accepted, unsigned refused, int64_t run_)
{
	const struct ship_memory m = ship_memory(fx.ship, 0);
	assert_int_equal(m.ever_accepted, ever_accepted);
	assert_int_equal(m.refused_in_a_row, refused);
	assert_int_equal(m.run, run_);
}

static void test_nothing_is_known_at_first(UNUSED void **state)
{
	expect_known(false, 0, 1);
	assert_int_equal(fx.memory.lifted[0], 0);
}

static void test_it_survives(UNUSED void **state)
{
	know(true, 7, 42);
	put();
	fx.memory.lifted[0] = 3; /* not written: nothing changed in ship */
	restart();
	expect_known(true, 7, 42);
	assert_int_equal(fx.memory.lifted[0], 0);
	know(true, 0, 43);
	fx.memory.lifted[0] = 42;
	put();
	restart();
	expect_known(true, 0, 43);
	assert_int_equal(fx.memory.lifted[0], 42);
}

static void test_memory_that_was_not_put_is_lost(UNUSED void **state)
{
	know(true, 7, 42);
	restart();
	expect_known(false, 0, 1);
}

static void test_each_endpoint_has_its_own(UNUSED void **state)
{
	static char other[] = "other", octeth[] = "octeth";
	know(true, 7, 42);
	put();
	stop();
	fx.endpoint.name = other;
	start();
	expect_known(false, 0, 1);
	know(true, 1, 2);
	put();
	stop();
	fx.endpoint.name = octeth;
	start();
	expect_known(true, 7, 42);
}

/* The run of refusals stays, and ends when the new address accepts something. */
static void test_another_url_has_to_prove_itself_anew(UNUSED void **state)
{
	static char other[] = "http://127.0.0.1:9/y", back[] = "http://127.0.0.1:9/x";
	know(true, 7, 42);
	put();
	stop();
	fx.endpoint.url = other;
	start();
	expect_known(false, 7, 42);
	assert_int_equal(kept("accepted"), 0);
	stop();
	fx.endpoint.url = back; /* and so does the first address afterwards */
	start();
	expect_known(false, 7, 42);
	know(true, 0, 43);
	put();
	restart();
	expect_known(true, 0, 43);
}

static enum ship_state state_now(void)
{
	struct ship_status s;
	ship_status(fx.ship, 0, &s);
	return s.state;
}

static void test_paused_it_stays_paused(UNUSED void **state)
{
	assert_int_equal(endpoint_memory_pause(&fx.memory, 0, true, fx.now_ms), 0);
	assert_int_equal(state_now(), SHIP_OK); /* the caller has to do that */
	restart();
	assert_int_equal(state_now(), SHIP_PAUSED);
	reload();
	assert_int_equal(state_now(), SHIP_PAUSED);
	assert_int_equal(endpoint_memory_pause(&fx.memory, 0, false, fx.now_ms), 0);
	restart();
	assert_int_equal(state_now(), SHIP_OK);
}

static void script(const char *text)
{
	assert_int_equal(sql_script(store_sql(fx.store), text), 0);
}

static void test_a_pause_that_cannot_be_stored_is_refused(UNUSED void **state)
{
	script("PRAGMA query_only = ON");
	assert_int_equal(endpoint_memory_pause(&fx.memory, 0, true, fx.now_ms), -EROFS);
	script("PRAGMA query_only = OFF");
	assert_int_equal(store_begin(fx.store), 0); /* no transaction was left open */
	store_rollback(fx.store);
	assert_int_equal(kept("paused"), -1);
}

static void test_only_what_changed_is_written(UNUSED void **state)
{
	know(true, 7, 42);
	put();
	script("UPDATE value SET value = 99 WHERE name = 'run'");
	put();
	assert_int_equal(kept("run"), 99);
	know(true, 8, 42);
	put();
	assert_int_equal(kept("run"), 42);
	assert_int_equal(kept("refused"), 8);
}

/* Values count as stored only after endpoint_memory_stored(). */
static void test_after_a_rollback_it_is_written_again(UNUSED void **state)
{
	know(true, 7, 42);
	assert_int_equal(store_begin(fx.store), 0);
	assert_int_equal(endpoint_memory_put(&fx.memory), 0);
	store_rollback(fx.store);
	assert_int_equal(kept("run"), -1);
	put();
	assert_int_equal(kept("run"), 42);
}

static int count(const struct store_dead *d, void *arg)
{
	(void)d;
	++*(size_t *)arg;
	return 0;
}

static size_t letters_of(int64_t run_)
{
	size_t n = 0;
	assert_int_equal(store_dead_run(fx.store, "octeth", run_, 0, count, &n), 0);
	return n;
}

static void test_a_run_that_is_owed_tries_continues_in_the_next(UNUSED void **state)
{
	put_letters(0, 2, 41);
	put_letters(2, 5, 42);
	know(true, 0, 42);
	fx.memory.lifted[0] = 41;
	put();
	assert_int_equal(kept("lifted"), 41);
	know(true, 0, 43);
	fx.memory.lifted[0] = 42;
	put();
	assert_int_equal(kept("lifted"), 42);
	assert_int_equal(letters_of(41), 0);
	assert_int_equal(letters_of(42), 5);
	assert_int_equal(endpoint_memory_lift_over(&fx.memory, 0), 0);
	assert_int_equal(kept("lifted"), 0);
	assert_int_equal(fx.memory.lifted[0], 0);
	assert_int_equal(letters_of(42), 0);
}

#define MEMORY_TEST(name) cmocka_unit_test_setup_teardown(name, setup_agent, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        MEMORY_TEST(test_nothing_is_known_at_first),
	        MEMORY_TEST(test_it_survives),
	        MEMORY_TEST(test_memory_that_was_not_put_is_lost),
	        MEMORY_TEST(test_each_endpoint_has_its_own),
	        MEMORY_TEST(test_another_url_has_to_prove_itself_anew),
	        MEMORY_TEST(test_paused_it_stays_paused),
	        MEMORY_TEST(test_a_pause_that_cannot_be_stored_is_refused),
	        MEMORY_TEST(test_only_what_changed_is_written),
	        MEMORY_TEST(test_after_a_rollback_it_is_written_again),
	        MEMORY_TEST(test_a_run_that_is_owed_tries_continues_in_the_next),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
