/*
 * test_commit.c - agent.h, books.c: what waits for the next commit, and dead letters that are tried
 * again, with a store and nothing around it.
 */
#include "tests/unit/temp.h"

#include "agent/agent.h"

static struct agent a;
static struct conf conf;

static int setup(void **state)
{
	struct err err;
	if (temp_setup(state) < 0)
		return -1;
	log_setup(LOG_LEVEL_ERROR, false);
	a = (struct agent){.conf = &conf};
	return store_open(&a.store, temp_path("state"), "state", &err);
}

static int teardown(void **state)
{
	commit_close(&a);
	redrive_end(&a);
	a.store = store_close(a.store);
	return temp_teardown(state);
}

static struct store_dead letter(unsigned n)
{
	return (struct store_dead){.id = {{(unsigned char)n, (unsigned char)(n >> 8)}},
	                           .source = "bounces",
	                           .endpoint = "octeth",
	                           .file = "b.csv",
	                           .start = n,
	                           .end = n + 1,
	                           .kind = DEAD_REFUSED,
	                           .reason = "no",
	                           .answer = slice_of("an answer"),
	                           .header = slice_of("type,a"),
	                           .row = slice_of("b,1")};
}

/* A batch may have thousands of rows, and all of them may be answered for at once. */
static void test_letters_wait_for_the_commit_however_many_they_are(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 1000; n++) {
		const struct store_dead d = letter(n);
		assert_int_equal(commit_dead_letter(&a, &d), 0);
		assert_true(a.nletters <= a.letters_room);
	}
	assert_int_equal(a.nletters, 1000);
	for (unsigned n = 0; n < 1000; n++) {
		assert_int_equal(a.letters[n].d.start, n);
		assert_string_equal(a.letters[n].d.row.text, "b,1");
		assert_string_equal(a.letters[n].d.answer.text, "an answer");
	}
}

static void test_reading_stops_while_too_many_letters_wait(void **state)
{
	(void)state;
	unsigned n = 0;
	for (; !commit_full(&a); n++) {
		const struct store_dead d = letter(n);
		assert_int_equal(commit_dead_letter(&a, &d), 0);
		assert_true(n < 100000);
	}
	assert_in_range(n, 1000, 100000);
}

static void put(unsigned from, unsigned to)
{
	for (unsigned n = from; n < to; n++) {
		const struct store_dead d = letter(n);
		bool is_new;
		assert_int_equal(store_dead_put(a.store, &d, &is_new), 0);
	}
}

/* Their source is none that the configuration has, so they are done with at once. */
static void test_a_retry_is_about_the_letters_there_are_when_it_begins(void **state)
{
	(void)state;
	const struct store_dead_filter all = {0};
	int64_t n;
	put(0, 3);
	assert_int_equal(redrive_begin(&a, &all, &n), 0);
	assert_int_equal(n, 3);
	put(3, 5);
	for (int i = 0; i < 10 && redrive_go_on(&a); i++)
		;
	assert_int_equal(a.retry.unsendable, 3);
	assert_null(a.retry.memory);
	assert_int_equal(redrive_begin(&a, &all, &n), 0);
	assert_int_equal(n, 5);
	assert_int_equal(a.retry.unsendable, 0);
}

static void test_an_answer_to_a_retried_letter_is_counted_once(void **state)
{
	(void)state;
	const struct ship_done done = {.outcome = SHIP_ACCEPTED, .dead = 7};
	a.retry.out[a.retry.nout++] = 7;
	assert_true(redrive_is_out(&a, 7));
	assert_true(redrive_answered(&a, &done));
	assert_int_equal(a.retry.delivered, 1);
	assert_false(redrive_is_out(&a, 7));
	assert_false(redrive_answered(&a, &done)); /* another try of it is not this retry's */
	assert_int_equal(a.retry.delivered, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_letters_wait_for_the_commit_however_many_they_are),
	        TEST(test_reading_stops_while_too_many_letters_wait),
	        TEST(test_a_retry_is_about_the_letters_there_are_when_it_begins),
	        TEST(test_an_answer_to_a_retried_letter_is_counted_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
