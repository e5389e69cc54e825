/*
 * test_identity.c - identity.h: each row of the identity table.
 */
#include "tests/unit/temp.h"

#include "tailer/identity.h"

/* Rungs that end at 1000, 600 and 200; 1010 is committed. */
static const struct ladder ladder = {
        .n = 3, .rungs = {{990, 1000, {{3}}}, {590, 600, {{2}}}, {190, 200, {{1}}}}};

static uint64_t good_to; /* the bytes before this offset are unchanged */
static int error;
static unsigned asked;

static int holds(const struct mark *mark, void *arg)
{
	(void)arg;
	asked++;
	return error ? error : mark->end <= good_to;
}

static uint64_t resume;
static bool rests; /* no more bytes are expected */

static int decide(bool same_inode, uint64_t size, uint64_t good)
{
	const struct identity_case c = {&ladder, 1010, same_inode, size, false, rests};
	good_to = good;
	error = 0;
	asked = 0;
	resume = 77;
	return identity_decide(&c, holds, NULL, &resume);
}

static void test_last_proof_holds_the_same_file_whatever_its_name_and_inode(void **state)
{
	(void)state;
	for (int inode = 0; inode < 2; inode++) {
		assert_int_equal(decide(inode, 1010, 1010), IDENTITY_SAME);
		assert_int_equal(decide(inode, 5000, 5000), IDENTITY_SAME);
		assert_int_equal(decide(inode, UINT64_MAX, 5000), IDENTITY_SAME);
		assert_int_equal(asked, 1);
		assert_int_equal(resume, 77);
	}
}

static void test_an_earlier_rung_in_the_same_inode_the_host_crashed(void **state)
{
	(void)state;
	rests = true;
	assert_int_equal(decide(true, 700, 700), IDENTITY_CRASHED);
	assert_int_equal(resume, 600);
	assert_int_equal(asked, 1); /* a row that ends beyond the file is not read */
	rests = false;
	assert_int_equal(decide(true, 5000, 599),
	                 IDENTITY_CRASHED); /* NULs, or new rows after the crash */
	assert_int_equal(resume, 200);
}

static void test_bytes_committed_after_the_last_proof_are_lost(void **state)
{
	(void)state;
	rests = true;
	assert_int_equal(decide(true, 1005, 1005), IDENTITY_CRASHED);
	assert_int_equal(resume, 1000);
	assert_int_equal(decide(false, 1005, 1005), IDENTITY_FORK);
	assert_int_equal(resume, 1000);
	rests = false;
	for (int inode = 0; inode < 2; inode++) {
		assert_int_equal(decide(inode, 1005, 1005), IDENTITY_COPYING);
		assert_int_equal(resume, 1000);
	}
}

/* A copy, or the same file that is being restored. */
static void test_a_shorter_file_whose_proofs_hold_may_get_the_rest(void **state)
{
	(void)state;
	for (int inode = 0; inode < 2; inode++) {
		assert_int_equal(decide(inode, 700, 700), IDENTITY_COPYING);
		assert_int_equal(resume, 600);
		assert_int_equal(decide(inode, 250, 250), IDENTITY_COPYING);
		assert_int_equal(resume, 200);
		assert_int_equal(decide(inode, 199, 0), IDENTITY_COPYING);
		assert_int_equal(resume, 0);
		assert_int_equal(decide(inode, 0, 0), IDENTITY_COPYING);
		assert_int_equal(asked, 0);
	}
}

static void test_a_proof_that_fails_ends_the_waiting(void **state)
{
	(void)state;
	assert_int_equal(decide(true, 700, 599), IDENTITY_CRASHED);
	assert_int_equal(decide(false, 700, 599), IDENTITY_FORK);
	assert_int_equal(resume, 200);
	assert_int_equal(decide(false, 700, 199), IDENTITY_NEW);
}

static void test_an_earlier_rung_in_another_file_that_is_no_shorter_a_fork(void **state)
{
	(void)state;
	assert_int_equal(decide(false, 1010, 700), IDENTITY_FORK);
	assert_int_equal(resume, 600);
	assert_int_equal(decide(false, 5000, 200), IDENTITY_FORK);
	assert_int_equal(resume, 200);
}

static void test_nothing_holds_a_new_file(void **state)
{
	(void)state;
	for (int inode = 0; inode < 2; inode++) {
		assert_int_equal(decide(inode, 5000, 0), IDENTITY_NEW);
		assert_int_equal(decide(inode, 5000, 199), IDENTITY_NEW);
		rests = true;
		assert_int_equal(decide(inode, 0, 5000), IDENTITY_NEW);
		rests = false;
		assert_int_equal(asked, 0);
	}
}

static void test_without_rungs_nothing_is_proved(void **state)
{
	(void)state;
	static const struct ladder none;
	const struct identity_case c = {&none, 0, true, 5000, false, false};
	assert_int_equal(identity_decide(&c, holds, NULL, &resume), IDENTITY_NEW);
}

static void test_bytes_that_cannot_be_read_decide_nothing(void **state)
{
	(void)state;
	const struct identity_case c = {&ladder, 1010, true, 5000, false, false};
	error = -EIO;
	assert_int_equal(identity_decide(&c, holds, NULL, &resume), -EIO);
}

static void test_without_rungs_an_equal_header_is_enough(void **state)
{
	(void)state;
	static const struct ladder none;
	const struct identity_case c = {&none, 20, true, 5000, true, false};
	assert_int_equal(identity_decide(&c, holds, NULL, &resume), IDENTITY_SAME);
	good_to = error = 0;
	const struct identity_case with_rungs = {&ladder, 1010, true, 5000, true, false};
	assert_int_equal(identity_decide(&with_rungs, holds, NULL, &resume), IDENTITY_NEW);
}

/* ---- a new path compared with a known file ---- */

struct row {
	struct relation_case c;
	enum relation there, gone; /* if the known file's own path leads to it, or not */
};

static const struct row table[] = {
        {{.identity = IDENTITY_SAME}, RELATION_ALIAS, RELATION_HEIR},
        {{.identity = IDENTITY_SAME, .settled = true}, RELATION_ALIAS, RELATION_HEIR},
        {{.identity = IDENTITY_SAME, .longer = true}, RELATION_COPYING, RELATION_HEIR},
        {{.identity = IDENTITY_SAME, .longer = true, .settled = true},
         RELATION_FORK,
         RELATION_HEIR},
        {{.identity = IDENTITY_SAME, .differs = true}, RELATION_FORK, RELATION_HEIR},
        {{.identity = IDENTITY_SAME, .unsure = true}, RELATION_COPYING, RELATION_HEIR},
        {{.identity = IDENTITY_COPYING}, RELATION_COPYING, RELATION_COPYING},
        {{.identity = IDENTITY_FORK}, RELATION_FORK, RELATION_FORK},
        {{.identity = IDENTITY_FORK, .within = true}, RELATION_ALIAS, RELATION_ALIAS},
        {{.identity = IDENTITY_NEW}, RELATION_NONE, RELATION_NONE},
        {{.identity = IDENTITY_NEW, .within = true}, RELATION_ALIAS, RELATION_ALIAS},
        {{.unproved = true}, RELATION_COPYING, RELATION_HEIR},
        {{.unproved = true, .differs = true}, RELATION_NONE, RELATION_HEIR},
        {{.unproved = true, .settled = true}, RELATION_COPYING, RELATION_HEIR},
        {{.unproved = true, .settled = true, .rests = true}, RELATION_NONE, RELATION_HEIR},
        {{.unproved = true, .settled = true, .rests = true, .within = true},
         RELATION_ALIAS,
         RELATION_HEIR},
        {{.unproved = true, .shorter = true}, RELATION_COPYING, RELATION_COPYING},
        {{.unproved = true, .shorter = true, .rests = true}, RELATION_COPYING, RELATION_NONE},
        {{.identity = IDENTITY_SAME, .skipped = true}, RELATION_ALIAS, RELATION_HEIR},
        {{.identity = IDENTITY_COPYING, .skipped = true}, RELATION_COPYING, RELATION_COPYING},
        {{.identity = IDENTITY_FORK, .skipped = true}, RELATION_FORK, RELATION_FORK},
        {{.identity = IDENTITY_NEW, .skipped = true}, RELATION_NONE, RELATION_NONE},
        {{.unproved = true, .skipped = true, .same_name = true}, RELATION_ALIAS, RELATION_HEIR},
        {{.unproved = true, .skipped = true}, RELATION_NONE, RELATION_NONE},
};

static void test_the_relation_of_a_new_path_to_a_known_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct relation_case c = table[i].c;
		assert_int_equal(relation_decide(&c), table[i].gone);
		c.there = true;
		assert_int_equal(relation_decide(&c), table[i].there);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_last_proof_holds_the_same_file_whatever_its_name_and_inode),
	        cmocka_unit_test(test_an_earlier_rung_in_the_same_inode_the_host_crashed),
	        cmocka_unit_test(test_bytes_committed_after_the_last_proof_are_lost),
	        cmocka_unit_test(test_a_shorter_file_whose_proofs_hold_may_get_the_rest),
	        cmocka_unit_test(test_a_proof_that_fails_ends_the_waiting),
	        cmocka_unit_test(test_an_earlier_rung_in_another_file_that_is_no_shorter_a_fork),
	        cmocka_unit_test(test_nothing_holds_a_new_file),
	        cmocka_unit_test(test_without_rungs_nothing_is_proved),
	        cmocka_unit_test(test_bytes_that_cannot_be_read_decide_nothing),
	        cmocka_unit_test(test_without_rungs_an_equal_header_is_enough),
	        cmocka_unit_test(test_the_relation_of_a_new_path_to_a_known_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
