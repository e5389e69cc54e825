/*
 * test_wait.c - ship/wait.h: it wakes up for any ready descriptor, and for the earliest time.
 */
#include "tests/unit/temp.h"

#include <signal.h>
#include <sys/time.h>

#include "base/clock.h"
#include "ship/wait.h"

#define MANY 50 /* descriptors; an earlier version gave libcurl at most eight */

static struct wait w;

static int setup(void **state)
{
	(void)state;
	w = (struct wait){0};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	wait_close(&w);
	return 0;
}

static void test_the_ready_descriptor_of_many_is_marked(void **state)
{
	(void)state;
	int ends[MANY][2];
	wait_begin(&w, 5000);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(pipe(ends[i]), 0);
		assert_int_equal(wait_fd(&w, ends[i][0], POLLIN), 0);
	}
	assert_int_equal(write(ends[MANY - 1][1], "x", 1), 1);
	assert_int_equal(wait_sleep(&w), 0);
	assert_int_equal(w.n, MANY);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(w.fds[i].revents, i == MANY - 1 ? POLLIN : 0);
	for (size_t i = 0; i < MANY; i++) {
		(void)close(ends[i][0]);
		(void)close(ends[i][1]);
	}
}

static void test_the_nearest_time_counts(void **state)
{
	(void)state;
	wait_begin(&w, -1);
	assert_int_equal(w.timeout_ms, -1);
	wait_within(&w, 700);
	assert_int_equal(w.timeout_ms, 700);
	wait_within(&w, 900);
	assert_int_equal(w.timeout_ms, 700);
	wait_within(&w, 0);
	assert_int_equal(w.timeout_ms, 0);
	wait_begin(&w, 20);
	wait_within(&w, 1000);
	assert_int_equal(w.timeout_ms, 20);
	int64_t before = clock_mono_ms();
	assert_int_equal(wait_sleep(&w), 0);
	assert_in_range(clock_mono_ms() - before, 19, 900);
}

static void test_added_descriptors_are_for_one_sleep(void **state)
{
	(void)state;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	wait_begin(&w, 1000);
	assert_int_equal(wait_fd(&w, ends[0], POLLIN), 0);
	assert_int_equal(wait_sleep(&w), 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
	wait_begin(&w, 0);
	assert_int_equal(w.n, 0);
	assert_int_equal(wait_sleep(&w), 0);
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void test_a_signal_is_no_failure(void **state)
{
	(void)state;
	const struct sigaction action = {.sa_handler = on_alarm};
	const struct itimerval soon = {.it_value = {.tv_usec = 10000}};
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	wait_begin(&w, 30000);
	assert_int_equal(wait_sleep(&w), 0);
}

static int count_sleeps(struct wait *wait)
{
	++*(int *)wait->sleeper;
	return wait->timeout_ms == 7 && wait->n == 1 ? 0 : -1;
}

static void test_another_may_sleep(void **state)
{
	(void)state;
	int sleeps = 0;
	w.sleep = count_sleeps;
	w.sleeper = &sleeps;
	wait_begin(&w, 7);
	assert_int_equal(wait_fd(&w, 0, POLLIN), 0);
	assert_int_equal(wait_sleep(&w), 0);
	assert_int_equal(sleeps, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_the_ready_descriptor_of_many_is_marked),
	        TEST(test_the_nearest_time_counts),
	        TEST(test_added_descriptors_are_for_one_sleep),
	        TEST(test_a_signal_is_no_failure),
	        TEST(test_another_may_sleep),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
