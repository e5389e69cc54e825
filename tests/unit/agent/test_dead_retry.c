/*
 * test_dead_retry.c - redrive.h: `dead retry` tries each selected letter once, and its sums are
 * right.
 */
#include "tests/unit/agent/rig.h"

#include "rules/rules.h"

#define RUN 5

static int setup_agent(void **state)
{
	if (setup(state) < 0)
		return -1;
	fx.endpoint.in_flight = 2; /* room for three tries */
	start();
	return 0;
}

/* The endpoint accepts again, after a run of refusals. */
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

static int64_t begin(const struct store_dead_filter *what)
{
	int64_t n = -1;
	assert_int_equal(redrive_begin(&fx.redrive, what, &n), 0);
	return n;
}

static void expect_sum(uint64_t delivered, uint64_t refused, uint64_t unsendable)
{
	assert_int_equal(fx.redrive.retry.delivered, delivered);
	assert_int_equal(fx.redrive.retry.refused, refused);
	assert_int_equal(fx.redrive.retry.unsendable, unsendable);
}

static const struct store_dead_filter all;

/* Their source is not in the configuration, so each of them is finished at once. */
static void test_a_retry_is_about_the_letters_there_are_when_it_begins(UNUSED void **state)
{
	static char other[] = "other";
	fx.source.name = other;
	fx.endpoint.name = other;
	put_letters(0, 3, 0);
	assert_int_equal(begin(&all), 3);
	put_letters(3, 5, 0);
	for (int i = 0; i < 10 && go_on(); i++)
		;
	assert_int_equal(fx.redrive.retry.unsendable, 3);
	assert_null(fx.redrive.retry.memory);
	assert_int_equal(begin(&all), 5);
	assert_int_equal(fx.redrive.retry.unsendable, 0);
}

static void test_an_answer_to_a_retried_letter_is_counted_once(UNUSED void **state)
{
	const struct ship_done done = {.outcome = SHIP_ACCEPTED, .dead = 7};
	fx.redrive.retry.out[fx.redrive.retry.nout++] = 7;
	fx.redrive.lifted[0].left = 1;
	redrive_answered(&fx.redrive, &done);
	expect_sum(1, 0, 0);
	assert_int_equal(fx.redrive.retry.nout, 0);
	assert_int_equal(fx.redrive.lifted[0].left, 1);
	redrive_answered(&fx.redrive, &done); /* another try of it does not belong to this retry */
	expect_sum(1, 0, 0);
	assert_int_equal(fx.redrive.lifted[0].left, 0);
}

static void test_a_retry_tries_all_letters_and_ends(UNUSED void **state)
{
	put_letters(0, 5, 0);
	assert_int_equal(begin(&all), 5);
	for (int turns = 0; fx.redrive.retry.memory; turns++) {
		assert_true(turns < 20);
		(void)go_on();
		assert_true(fx.nreports <= 3);
		while (fx.nreports > 0)
			answer(0, fx.reports[0].done.dead % 2 ? SHIP_ACCEPTED : SHIP_REFUSED);
		commit();
	}
	expect_sum(3, 2, 0);
	assert_string_equal(letters(), "2 refused 1-2 no|4 refused 3-4 no|");
}

static void test_no_more_are_out_than_may_be(UNUSED void **state)
{
	stop();
	fx.endpoint.in_flight = 256;
	start();
	put_letters(0, RETRY_OUT + 5, 0);
	assert_int_equal(begin(&all), RETRY_OUT + 5);
	while (go_on())
		;
	assert_int_equal(fx.nreports, RETRY_OUT);
	answer(0, SHIP_REFUSED);
	commit();
	while (go_on())
		;
	assert_int_equal(fx.nreports, RETRY_OUT);
	while (fx.nreports > 0) {
		answer(0, SHIP_REFUSED);
		commit();
		(void)go_on();
	}
	while (go_on())
		;
	expect_sum(0, RETRY_OUT + 5, 0);
	assert_null(fx.redrive.retry.memory);
}

/* Records come first: they take all the room. */
static void test_without_room_a_retry_waits(UNUSED void **state)
{
	grow("Hbbbbbb");
	wake();
	fill();
	assert_int_equal(ship_pending(fx.ship), 6);
	put_letters(0, 2, 0);
	assert_int_equal(begin(&all), 2);
	assert_false(redrive_turn(&fx.redrive, fx.now_ms));
	assert_int_equal(ship_pending(fx.ship), 6);
	commit();
	send_out();
	answer_all();
	go_on();
	expect_tries("1 2 ");
}

static void test_a_retry_tries_only_the_selected_letters(UNUSED void **state)
{
	char ids[] = ",2,4,", source[] = "bounces", reason[] = "NO";
	const struct store_dead_filter what = {.ids = ids, .source = source, .reason = reason};
	const struct store_dead_filter nothing = {.kind = DEAD_PARTIAL};
	put_letters(0, 5, 0);
	assert_int_equal(begin(&what), 2);
	memset(ids, 'x', 5); /* the request's texts are no longer valid */
	memset(source, 'x', 7);
	memset(reason, 'x', 2);
	assert_int_equal(begin(&nothing), 0); /* the retry under way continues */
	go_on();
	expect_tries("2 4 ");
	answer_all();
	commit();
	go_on();
	expect_sum(2, 0, 0);
	assert_null(fx.redrive.retry.memory);
}

static void test_a_letter_that_is_out_is_not_sent_twice(UNUSED void **state)
{
	put_letters(0, 2, RUN);
	put_letters(2, 3, 0);
	assert_int_equal(begin(&all), 3);
	go_on();
	expect_tries("1 2 3 ");
	assert_int_equal(begin(&all), 3); /* again, before any answer */
	while (go_on())
		;
	expect_tries("1 2 3 ");
	lift(); /* and then the endpoint accepts */
	go_on();
	expect_tries("1 2 3 ");
	answer_all();
	commit();
	go_on();
	expect_sum(3, 0, 0);
	assert_int_equal(kept("lifted"), 0);
}

static void test_a_letter_of_a_lifted_run_is_left_to_it(UNUSED void **state)
{
	put_letters(0, 1, RUN);
	put_letters(1, 2, 0);
	lift();
	go_on();
	assert_int_equal(begin(&all), 2);
	while (go_on())
		;
	expect_tries("1 2 ");
	answer_all();
	commit();
	while (go_on())
		;
	expect_sum(1, 0, 0);
	assert_string_equal(letters(), "");
	assert_null(fx.redrive.retry.memory);
}

/* ---- letters that cannot be sent ---- */

static void on_mistake(const struct file_mistake *m, void *arg)
{
	(void)arg;
	fail_msg("%s", m->line);
}

static void expect_unsendable(const struct store_dead *d, const char *why)
{
	put_letter(d);
	assert_int_equal(begin(&all), 1);
	while (go_on())
		;
	expect_tries("");
	expect_sum(0, 0, 1);
	assert_null(fx.redrive.retry.memory);
	if (!strstr(fx.warnings, why))
		fail_msg("warned of: %s", fx.warnings);
	assert_int_not_equal(letters()[0], '\0'); /* it stays */
}

static void test_a_letter_of_a_source_that_was_removed(UNUSED void **state)
{
	struct store_dead d = letter(1);
	d.source = "complaints";
	expect_unsendable(&d, "dead letter 1 cannot be sent again: the configuration has no such "
	                      "source (put it back and reload, or see");
}

static void test_a_row_that_is_no_record(UNUSED void **state)
{
	struct store_dead d = letter(1);
	d.row = slice_of("b,1,2,3\n");
	expect_unsendable(&d, "cannot be sent again: its row is not a record; it is kept\n");
}

static void test_a_row_too_large_for_any_batch(UNUSED void **state)
{
	struct store_dead d = letter(1);
	stop();
	fx.endpoint.batch_bytes = 64;
	start();
	expect_unsendable(&d, "cannot be sent again: it is larger than batch-bytes; it is kept\n");
}

static void test_a_row_that_a_rule_withholds_now(UNUSED void **state)
{
	struct store_dead d = letter(1);
	const struct slice rules = slice_of("text==>ignore\n");
	stop();
	assert_int_equal(rules_load_text(&fx.rules, "t", rules, on_mistake, NULL), 0);
	start();
	expect_unsendable(&d, "cannot be sent again: a rule withholds it now; it is kept\n");
}

#define REDRIVE_TEST(name) cmocka_unit_test_setup_teardown(name, setup_agent, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        REDRIVE_TEST(test_a_retry_is_about_the_letters_there_are_when_it_begins),
	        REDRIVE_TEST(test_an_answer_to_a_retried_letter_is_counted_once),
	        REDRIVE_TEST(test_a_retry_tries_all_letters_and_ends),
	        REDRIVE_TEST(test_no_more_are_out_than_may_be),
	        REDRIVE_TEST(test_without_room_a_retry_waits),
	        REDRIVE_TEST(test_a_retry_tries_only_the_selected_letters),
	        REDRIVE_TEST(test_a_letter_that_is_out_is_not_sent_twice),
	        REDRIVE_TEST(test_a_letter_of_a_lifted_run_is_left_to_it),
	        REDRIVE_TEST(test_a_letter_of_a_source_that_was_removed),
	        REDRIVE_TEST(test_a_row_that_is_no_record),
	        REDRIVE_TEST(test_a_row_too_large_for_any_batch),
	        REDRIVE_TEST(test_a_row_that_a_rule_withholds_now),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
