/* test_parts.c - parts.h, and the parts of a ledger: how each settled byte was settled. */
#include "tests/unit/temp.h"

#include "state/ledger.h"

#define SIZE 60

static const struct part passed = {.how = PART_PASSED};
static const struct part first = {.how = PART_READ, .selection = 1};
static const struct part second = {.how = PART_READ, .selection = 2};

static unsigned code(struct part p)
{
	return p.how * 10 + p.selection;
}

static void test_random_settings_against_an_array(void **state)
{
	(void)state;
	unsigned want[SIZE] = {0};
	struct parts p = {0};
	for (unsigned seed = 1, n = 0; n < 20000; n++) {
		seed = seed * 1103515245 + 12345;
		unsigned start = (seed >> 8) % SIZE, end = start + 1 + (seed >> 16) % 9;
		struct part what = {.from = start, .how = PART_READ, .selection = (seed >> 24) % 3};
		if (end > SIZE)
			end = SIZE;
		parts_set(&p, &what, end);
		for (unsigned i = start; i < end; i++)
			want[i] = code(what);
		for (unsigned i = 0; i < SIZE; i++) {
			unsigned got = code(parts_at(&p, i));
			/* With too many parts, less is known, and never something else. */
			if (got != want[i])
				assert_int_equal(got, 0);
			want[i] = got;
		}
		assert_true(p.n <= PARTS_MAX);
	}
}

static void test_a_copy_is_as_the_original_there_and_unchanged_elsewhere(void **state)
{
	(void)state;
	struct parts from = {.n = 3,
	                     .v = {{5, PART_READ, 1}, {9, PART_READ, 2}, {12, PART_LOGSTASH, 0}}};
	for (uint64_t start = 0; start < 16; start++) {
		for (uint64_t end = start + 1; end < 18; end++) {
			struct parts p = {.n = 1, .v = {{0, PART_PASSED, 0}}};
			parts_copy(&p, &from, start, end);
			for (uint64_t i = 0; i < 20; i++) {
				bool in = i >= start && i < end;
				assert_int_equal(code(parts_at(&p, i)),
				                 in ? code(parts_at(&from, i)) : code(passed));
			}
		}
	}
}

static void ack(struct ledger *l, const struct part *how, uint64_t start, uint64_t end)
{
	struct mark last;
	const struct ledger_range range = {.start = start, .end = end};
	ledger_settling(l, how);
	assert_true(ledger_ack(l, &range, &last) >= 0);
}

static void test_what_was_settled_beyond_a_gap_keeps_its_part(void **state)
{
	(void)state;
	struct ledger l = {0};
	ledger_settling(&l, &passed);
	l.committed = 10;
	ack(&l, &first, 10, 20);
	ack(&l, &first, 30, 40);
	ack(&l, &second, 50, 60);
	ack(&l, &second, 20, 30);
	ack(&l, &first, 40, 50);
	assert_int_equal(l.committed, 60);
	const unsigned want[] = {code(passed), code(first), code(second),
	                         code(first),  code(first), code(second)};
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(code(parts_at(&l.parts, 10 * i + 5)), want[i]);
	ledger_free(&l);
}

static void test_a_file_of_one_selection_needs_one_part(void **state)
{
	(void)state;
	struct ledger l = {0};
	for (uint64_t i = 0; i < 1000; i++)
		ack(&l, &first, i ^ 1, (i ^ 1) + 1);
	assert_int_equal(l.parts.n, 1);
	ledger_reset(&l, 500);
	ack(&l, &second, 500, 600);
	assert_int_equal(l.parts.n, 2);
	ledger_reset(&l, 0); /* rewritten: nothing of it is known */
	assert_int_equal(l.parts.n, 0);
	ledger_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_random_settings_against_an_array),
	        cmocka_unit_test(test_a_copy_is_as_the_original_there_and_unchanged_elsewhere),
	        cmocka_unit_test(test_what_was_settled_beyond_a_gap_keeps_its_part),
	        cmocka_unit_test(test_a_file_of_one_selection_needs_one_part),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
