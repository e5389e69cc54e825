/*
 * test_ladder.c - ladder.h: few proofs, denser near the position.
 */
#include "tests/unit/temp.h"

#include "state/ladder.h"

static struct ladder ladder;

static int setup(void **state)
{
	(void)state;
	ladder = (struct ladder){0};
	return 0;
}

static void push(uint64_t end)
{
	const struct mark mark = {end - 1, end, {{0}}};
	ladder_push(&ladder, &mark);
}

static void assert_sorted_and_bounded(void)
{
	assert_in_range(ladder.n, 1, LADDER_MAX);
	for (size_t i = 1; i < ladder.n; i++)
		assert_true(ladder.rungs[i].end < ladder.rungs[i - 1].end);
}

/* Rungs at a distance of [from, to) from the newest. */
static size_t rungs_between(uint64_t from, uint64_t to)
{
	size_t n = 0;
	for (size_t i = 1; i < ladder.n; i++) {
		uint64_t distance = ladder.rungs[0].end - ladder.rungs[i].end;
		n += distance >= from && distance < to;
	}
	return n;
}

/* Each distance class within the file has one or two rungs. */
static void assert_spread(uint64_t written, uint64_t row)
{
	uint64_t from = LADDER_STEP;
	for (; from * 4 + row < written; from *= 4) {
		size_t n = rungs_between(from, 4 * from);
		if (n < 1 || n > 2)
			fail_msg("%zu rungs from %ju on, %ju written", n, (uintmax_t)from,
			         (uintmax_t)written);
	}
}

static void test_rungs_are_about_4_KiB_times_4_to_the_k_apart(void **state)
{
	(void)state;
	uint64_t at = 0;
	for (int i = 0; i < 100000; i++) {
		at += 200 + temp_random(400);
		push(at);
		assert_sorted_and_bounded();
		assert_int_equal(ladder.rungs[0].end, at);
		if (i % 100 == 0)
			assert_spread(at, 600);
	}
	assert_in_range(ladder.n, 8, 24);
}

static void test_bounded_whatever_comes(void **state)
{
	(void)state;
	uint64_t at = 0;
	for (int i = 0; i < 100000 && at < UINT64_MAX / 4; i++) {
		at += 1 + (UINT64_C(1) << temp_random(40));
		push(at);
		assert_sorted_and_bounded();
	}
	for (uint64_t power = 1; power < UINT64_MAX / 2; power *= 2) {
		(void)setup(state);
		push(power);
		push(2 * power);
		assert_sorted_and_bounded();
	}
}

static void test_only_newer_rows_count(void **state)
{
	(void)state;
	push(100);
	push(100);
	push(50);
	const struct mark none = {0};
	ladder_push(&ladder, &none);
	assert_int_equal(ladder.n, 1);
	assert_int_equal(ladder.rungs[0].end, 100);
}

static void test_cut_forgets_rungs_after_it(void **state)
{
	(void)state;
	for (uint64_t at = 1000; at <= 1000000; at += 1000)
		push(at);
	size_t before = ladder.n;
	ladder_cut(&ladder, 1000000);
	assert_int_equal(ladder.n, before);
	ladder_cut(&ladder, 999999);
	assert_int_equal(ladder.n, before - 1);
	ladder_cut(&ladder, 500000);
	assert_true(ladder.n > 0 && ladder.rungs[0].end <= 500000);
	ladder_cut(&ladder, 0);
	assert_int_equal(ladder.n, 0);
	push(7);
	assert_int_equal(ladder.n, 1);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_rungs_are_about_4_KiB_times_4_to_the_k_apart),
	        TEST(test_bounded_whatever_comes),
	        TEST(test_only_newer_rows_count),
	        TEST(test_cut_forgets_rungs_after_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
