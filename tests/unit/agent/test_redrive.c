/*
 * test_redrive.c - redrive.h: after a run of refusals that was the endpoint's fault, each of its
 * dead letters gets one retry.
 */
#include "tests/unit/agent/rig.h"

#define RUN 5

static int setup_agent(void **state)
{
	if (setup(state) < 0)
		return -1;
	fx.endpoint.in_flight = 2; /* room for three retries, owed or not */
	start();
	return 0;
}

/* The endpoint accepts again: the store has the run as one that is owed retries. */
static void lift(void)
{
	const struct ship_memory memory = {.ever_accepted = true, .run = RUN + 1};
	ship_set_memory(fx.ship, 0, &memory);
	redrive_lifted(&fx.redrive, 0, RUN);
	assert_int_equal(store_begin(fx.store), 0);
	assert_int_equal(endpoint_memory_put(&fx.memory), 0);
	assert_int_equal(store_commit(fx.store, fx.now_ms), 0);
	endpoint_memory_stored(&fx.memory);
}

static bool go_on(void)
{
	bool more = redrive_turn(&fx.redrive, fx.now_ms);
	send_out();
	return more;
}

static int count_run(const struct store_dead *d, void *arg)
{
	(void)d;
	++*(size_t *)arg;
	return 0;
}

static size_t letters_of(int64_t run_)
{
	size_t n = 0;
	assert_int_equal(store_dead_run(fx.store, "octeth", run_, 0, count_run, &n), 0);
	return n;
}

static void test_each_letter_of_the_run_gets_one_try(UNUSED void **state)
{
	put_letters(0, 2, RUN);
	put_letters(2, 3, RUN - 1);
	put_letters(3, 4, 0);
	lift();
	go_on();
	expect_tries("1 2 ");
	go_on();
	expect_tries("1 2 ");
	answer(0, SHIP_ACCEPTED);
	answer(0, SHIP_REFUSED);
	commit();
	go_on();
	go_on();
	expect_tries("");
	assert_string_equal(letters(), "2 refused 1-2 no|3 refused 2-3 no|4 refused 3-4 no|");
}

static void test_a_try_is_what_would_be_sent_today(UNUSED void **state)
{
	put_letters(0, 1, RUN);
	struct store_dead d = letter(1);
	d.run = RUN;
	d.row = slice_of("{\"as\":\"it was\"}");
	d.row_is_json = true;
	put_letter(&d);
	lift();
	go_on();
	expect_tries("1 2 ");
	assert_string_equal(fx.reports[0].body,
	                    "[{\"logType\":\"b\",\"dsnDiag\":\"text\","
	                    "\"eventId\":\"00000000000000000000000000000000\"}");
	assert_string_equal(fx.reports[1].body, "[{\"as\":\"it was\"}");
}

/* A stop in between costs no letter its retry. */
static void test_the_run_is_over_when_all_are_answered(UNUSED void **state)
{
	put_letters(0, 2, RUN);
	lift();
	assert_int_equal(kept("lifted"), RUN);
	go_on();
	answer(0, SHIP_REFUSED);
	commit();
	go_on();
	assert_int_equal(kept("lifted"), RUN);
	assert_int_equal(letters_of(RUN), 2);
	answer(0, SHIP_ACCEPTED);
	commit();
	go_on();
	assert_int_equal(kept("lifted"), 0);
	assert_int_equal(letters_of(RUN), 0);
	assert_int_equal(fx.memory.lifted[0], 0);
	restart();
	go_on();
	expect_tries("");
}

static void test_a_run_continues_after_a_restart(UNUSED void **state)
{
	put_letters(0, 2, RUN);
	lift();
	go_on();
	answer(0, SHIP_ACCEPTED);
	commit();
	restart();
	go_on();
	expect_tries("2 ");
	answer(0, SHIP_ACCEPTED);
	commit();
	go_on();
	assert_int_equal(kept("lifted"), 0);
	assert_string_equal(letters(), "");
}

static void test_without_room_a_run_waits(UNUSED void **state)
{
	put_letters(0, 5, RUN);
	lift();
	(void)redrive_turn(&fx.redrive, fx.now_ms);
	(void)redrive_turn(&fx.redrive, fx.now_ms);
	assert_int_equal(ship_pending(fx.ship), 3);
	send_out();
	expect_tries("1 2 3 ");
	(void)redrive_turn(&fx.redrive, fx.now_ms);
	assert_int_equal(ship_pending(fx.ship), 2);
	send_out();
	expect_tries("1 2 3 4 5 ");
	answer_all();
	commit();
	go_on();
	assert_int_equal(kept("lifted"), 0);
}

static void test_a_run_without_letters_is_over_at_once(UNUSED void **state)
{
	lift();
	assert_int_equal(kept("lifted"), RUN);
	go_on();
	assert_int_equal(kept("lifted"), 0);
}

/* Its letters join the run that is lifted now: put_lifted() in endpoint_memory.c. */
static void test_a_run_that_is_lifted_during_another_takes_it_along(UNUSED void **state)
{
	put_letters(0, 1, RUN - 1);
	fx.memory.lifted[0] = RUN - 1;
	assert_int_equal(store_put(fx.store, "endpoint:octeth", "lifted", RUN - 1), 0);
	go_on();
	expect_tries("1 ");
	put_letters(1, 2, RUN);
	lift();
	go_on();
	expect_tries("1 2 ");
	answer(0, SHIP_REFUSED);
	commit();
	go_on();
	assert_int_equal(kept("lifted"), RUN);
	answer(0, SHIP_REFUSED);
	commit();
	go_on();
	expect_tries("");
	assert_int_equal(kept("lifted"), 0);
	assert_int_equal(letters_of(RUN) + letters_of(RUN - 1), 0);
}

static void test_answers_to_tries_before_a_reload_are_not_waited_for(UNUSED void **state)
{
	const struct store_dead_filter all = {0};
	int64_t n;
	put_letters(0, 2, RUN);
	put_letters(2, 3, 0);
	lift();
	go_on();
	assert_int_equal(redrive_begin(&fx.redrive, &all, &n), 0);
	go_on();
	expect_tries("1 2 3 ");
	reload();
	assert_int_equal(fx.redrive.lifted[0].left, 0);
	assert_int_equal(fx.redrive.retry.nout, 0);
	go_on();
	expect_tries("1 2 "); /* the retry was given up, the run was not */
	answer_all();
	commit();
	go_on();
	assert_int_equal(kept("lifted"), 0);
}

/* The failed attempt was its retry: the run is over. */
static void test_an_unsendable_letter_holds_up_no_run(UNUSED void **state)
{
	struct store_dead d = letter(1);
	d.run = RUN;
	d.row = slice_of("b,1,2,3\n");
	put_letter(&d);
	put_letters(2, 3, RUN);
	lift();
	go_on();
	expect_tries("2 ");
	answer_all();
	commit();
	go_on();
	assert_int_equal(kept("lifted"), 0);
	assert_string_equal(letters(), "1 refused 1-2 no|");
	assert_non_null(strstr(fx.warnings, "dead letter 1 cannot be sent again"));
}

#define REDRIVE_TEST(name) cmocka_unit_test_setup_teardown(name, setup_agent, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        REDRIVE_TEST(test_each_letter_of_the_run_gets_one_try),
	        REDRIVE_TEST(test_a_try_is_what_would_be_sent_today),
	        REDRIVE_TEST(test_the_run_is_over_when_all_are_answered),
	        REDRIVE_TEST(test_a_run_continues_after_a_restart),
	        REDRIVE_TEST(test_without_room_a_run_waits),
	        REDRIVE_TEST(test_a_run_without_letters_is_over_at_once),
	        REDRIVE_TEST(test_a_run_that_is_lifted_during_another_takes_it_along),
	        REDRIVE_TEST(test_answers_to_tries_before_a_reload_are_not_waited_for),
	        REDRIVE_TEST(test_an_unsendable_letter_holds_up_no_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
