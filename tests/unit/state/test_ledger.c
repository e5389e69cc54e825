/*
 * test_ledger.c - ledger.h: acknowledgements in any order, against a bitmap.
 */
#include "tests/unit/temp.h"

#include "state/ledger.h"

#define SIZE 300

static struct ledger ledger;
static bool acked[SIZE];

static int setup(void **state)
{
	(void)state;
	ledger = (struct ledger){0};
	memset(acked, 0, sizeof(acked));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ledger_free(&ledger);
	return 0;
}

/* The last row of a range proves the range. */
static int ack(uint64_t start, uint64_t end, struct mark *ret_last)
{
	const struct ledger_range range = {start, end, {end - 1, end, {{0}}}};
	return ledger_ack(&ledger, &range, ret_last);
}

static uint64_t prefix(void)
{
	uint64_t n = 0;
	while (n < SIZE && acked[n])
		n++;
	return n;
}

/* The ledger equals the bitmap and has its shortest form. */
static void assert_model(void)
{
	uint64_t at = prefix();
	assert_int_equal(ledger.committed, at);
	for (size_t i = 0; i < ledger.n; i++) {
		const struct ledger_range *r = &ledger.ranges[i];
		assert_true(r->start > at && r->end > r->start && r->end <= SIZE);
		for (uint64_t b = at; b < r->start; b++)
			assert_false(acked[b]);
		for (uint64_t b = r->start; b < r->end; b++)
			assert_true(acked[b]);
		assert_int_equal(r->last.end, r->end);
		assert_int_equal(ledger_skip(&ledger, r->start), r->end);
		assert_int_equal(ledger_skip(&ledger, r->end - 1), r->end);
		assert_int_equal(ledger_skip(&ledger, r->end), 0);
		at = r->end;
	}
	for (uint64_t b = at; b < SIZE; b++)
		assert_false(acked[b]);
	for (uint64_t b = 0; b < SIZE; b++)
		assert_int_equal(ledger_covers(&ledger, b + 1), acked[b]);
}

static void one_random_ack(void)
{
	struct mark last;
	unsigned start = temp_random(SIZE), len = 1 + temp_random(12);
	unsigned end = start + len < SIZE ? start + len : SIZE;
	uint64_t before = prefix();
	for (unsigned b = start; b < end; b++)
		acked[b] = true;
	int rc = ack(start, end, &last);
	assert_int_equal(rc, prefix() > before);
	if (rc == 1)
		assert_int_equal(last.end, prefix());
	assert_model();
}

static void test_random_acknowledgements_against_a_bitmap(void **state)
{
	(void)state;
	for (int round = 0; round < 300; round++) {
		for (int i = 0; i < 120; i++)
			one_random_ack();
		(void)teardown(state);
		(void)setup(state);
	}
}

static void test_in_order_needs_no_memory(void **state)
{
	(void)state;
	struct mark last;
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(ack(i * 10, i * 10 + 10, &last), 1);
	assert_int_equal(ledger.committed, 10000);
	assert_int_equal(ledger.n, 0);
	assert_null(ledger.ranges);
}

static void test_ranges_that_are_known_already_are_ignored(void **state)
{
	(void)state;
	struct mark last = {7, 7, {{0}}};
	assert_int_equal(ack(0, 10, &last), 1);
	assert_int_equal(ack(3, 8, &last), 0);
	assert_int_equal(ack(20, 30, &last), 0);
	assert_int_equal(ack(20, 30, &last), 0);
	assert_int_equal(ledger.n, 1);
	assert_int_equal(last.end, 10);
}

/* Reading waits at the start of a range; meanwhile the range grows at its front. */
static void test_a_range_that_grew_to_the_front_is_skipped_from_within(void **state)
{
	(void)state;
	struct mark last;
	assert_int_equal(ack(20, 30, &last), 0);
	assert_int_equal(ledger_skip(&ledger, 20), 30);
	assert_int_equal(ack(10, 20, &last), 0);
	assert_int_equal(ledger_skip(&ledger, 20), 30);
}

static void test_the_gap_closes_over_all_ranges_that_touch(void **state)
{
	(void)state;
	struct mark last;
	assert_int_equal(ack(30, 40, &last), 0);
	assert_int_equal(ack(10, 20, &last), 0);
	assert_int_equal(ack(50, 60, &last), 0);
	assert_int_equal(ledger.n, 3);
	assert_int_equal(ack(20, 30, &last), 0);
	assert_int_equal(ledger.n, 2);
	assert_int_equal(ledger_skip(&ledger, 10), 40);
	assert_int_equal(ledger_skip(&ledger, 20), 40);
	assert_int_equal(ledger_skip(&ledger, 40), 0);
	assert_int_equal(ack(0, 10, &last), 1);
	assert_int_equal(ledger.committed, 40);
	assert_int_equal(last.end, 40);
	assert_int_equal(ledger.n, 1);
}

static void test_ranges_that_prove_nothing_leave_the_last_proof(void **state)
{
	(void)state;
	struct mark last;
	const struct ledger_range blank = {10, 20, {0, 0, {{0}}}};
	assert_int_equal(ack(20, 30, &last), 0);
	assert_int_equal(ledger_ack(&ledger, &blank, &last), 0);
	assert_int_equal(ack(0, 10, &last), 1);
	assert_int_equal(last.end, 30);
	const struct ledger_range more = {30, 40, {0, 0, {{0}}}};
	assert_int_equal(ledger_ack(&ledger, &more, &last), 1);
	assert_int_equal(last.end, 0);
	assert_int_equal(ledger.committed, 40);
}

static void test_reset_forgets_ranges(void **state)
{
	(void)state;
	struct mark last;
	assert_int_equal(ack(10, 20, &last), 0);
	ledger_reset(&ledger, 5);
	assert_int_equal(ledger.committed, 5);
	assert_int_equal(ledger.n, 0);
}

static void test_many_ranges(void **state)
{
	(void)state;
	struct mark last;
	for (uint64_t i = LEDGER_RANGES_MAX; i > 0; i--)
		assert_int_equal(ack(2 * i, 2 * i + 1, &last), 0);
	assert_int_equal(ledger.n, LEDGER_RANGES_MAX);
	for (uint64_t i = 0; i <= LEDGER_RANGES_MAX; i++)
		assert_true(ack(2 * i + (i == 0 ? 0 : 1), 2 * i + 2, &last) == 1);
	assert_int_equal(ledger.n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_random_acknowledgements_against_a_bitmap),
	        TEST(test_in_order_needs_no_memory),
	        TEST(test_ranges_that_are_known_already_are_ignored),
	        TEST(test_a_range_that_grew_to_the_front_is_skipped_from_within),
	        TEST(test_the_gap_closes_over_all_ranges_that_touch),
	        TEST(test_ranges_that_prove_nothing_leave_the_last_proof),
	        TEST(test_reset_forgets_ranges),
	        TEST(test_many_ranges),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
