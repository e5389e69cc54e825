/*
 * test_restored.c - tailer.h: files that are seen empty or half restored, and files that begin
 * alike.
 */
#include "tests/unit/tailer/rig.h"

/* More than the first proofs: rungs are in its middle, too. */
#define ROWS 400

static char text[16384];

/* Header and rows of a file; kind makes its rows others than those of another kind. */
static const char *rows(const char *head, const char *kind, unsigned n)
{
	char *at = stpcpy(text, head);
	for (unsigned i = 0; i < n; i++)
		at += sprintf(at, "b,%s-%05u,%s\n", kind, i, i % 7 ? "short" : "a longer cell");
	return text;
}

static void put(const char *name, size_t from, size_t to)
{
	temp_put(name, O_APPEND, text + from, to - from);
}

/* Writes text to the file in steps, and the agent looks at each of them. */
static void write_slowly(const char *name, size_t step)
{
	const size_t len = strlen(text);
	for (size_t at = 0; at < len; at += step) {
		put(name, at, at + step < len ? at + step : len);
		turn();
	}
	settle(1);
}

static unsigned log_rows(void)
{
	unsigned n = 0;
	for (const char *p = fx.log; (p = strstr(p, "|b,")); p++)
		n++;
	return n;
}

/* Delivers moved(0) and live(1); the first one is closed then. */
static void archived(void)
{
	start(TAIL_FIRST_LIVE);
	grow(0, rows(HEAD, "one", ROWS));
	turn();
	rotate(0, HEAD "b,live\n");
	settle(4);
	forget();
	expect_state(moved(0), FILE_CLOSED);
	(void)rows(HEAD, "one", ROWS);
}

/* ---- the same inode ---- */

static const size_t steps[] = {1 << 20, 3, 40, 1000, 5000};

static void test_a_live_file_emptied_and_restored_is_not_sent_again(UNUSED void **state)
{
	delivered(rows(HEAD, "one", ROWS));
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		temp_rewrite(live(0), "");
		turn();
		write_slowly(live(0), steps[i]);
		expect("");
	}
	assert_int_equal(status().counters.truncations, 0);
	grow(0, "b,new\n");
	turn();
	expect("0000|b,new\n");
	expect_nothing_after_restart(2);
}

static void test_an_archive_emptied_and_restored_is_not_sent_again(UNUSED void **state)
{
	archived();
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		temp_rewrite(moved(0), "");
		turn();
		write_slowly(moved(0), steps[i]);
		expect("");
	}
	expect_nothing_after_restart(2);
	expect_note("has its rows again");
}

/* Long enough for the agent to take the empty file for a file of its own. */
static void test_a_file_that_stays_empty_and_is_restored_later(UNUSED void **state)
{
	archived();
	temp_rewrite(moved(0), "");
	settle(6);
	write_slowly(moved(0), 1000);
	expect("");
	expect_note("is the known file");
	expect_nothing_after_restart(3);
	assert_int_equal(status().gone, 0);
}

static void test_restored_over_a_restart(UNUSED void **state)
{
	for (int wait = 0; wait < 5; wait += 4) {
		if (wait > 0) {
			assert_int_equal(teardown(state), 0);
			assert_int_equal(setup(state), 0);
		}
		archived();
		temp_rewrite(moved(0), "");
		settle(wait);
		restart();
		settle(wait);
		put(moved(0), 0, 3000);
		turn();
		restart();
		turn();
		put(moved(0), 3000, strlen(text));
		settle(2);
		expect_no_row();
	}
}

static void test_a_half_restored_file_goes_on_after_the_rows_it_has(UNUSED void **state)
{
	archived();
	temp_rewrite(moved(0), "");
	turn();
	put(moved(0), 0, 5000);
	settle(4);
	/* It is at rest: it has lost its end, so rows near it may come again. */
	assert_in_range(log_rows(), 0, 180);
	temp_append(moved(0), "b,other\n");
	settle(2);
	assert_non_null(strstr(fx.log, "|b,other\n"));
	assert_int_equal(status().counters.crashes, 1);
}

static void test_other_rows_after_the_emptying_are_read(UNUSED void **state)
{
	delivered(rows(HEAD, "one", ROWS));
	temp_rewrite(live(0), "");
	turn();
	(void)rows(HEAD, "two", ROWS);
	write_slowly(live(0), 700);
	assert_int_equal(log_rows(), ROWS);
	assert_int_equal(status().counters.truncations, 1);
	expect_note("was truncated or rewritten");
}

static void test_answers_that_come_while_it_is_empty_move_the_position(UNUSED void **state)
{
	struct tail_file *f;
	struct line line, last;
	start(TAIL_FIRST_LIVE);
	grow(0, HEAD "b,1\nb,2\nb,3\n");
	wake();
	for (int i = 0; i < 4; i++) {
		assert_true(next(&f, &line));
		if (i == 3)
			last = line;
		else
			acknowledge(f, &line);
	}
	tailer_hold(f);
	const struct mark mark = mark_of(&last);
	temp_rewrite(live(0), "");
	turn();
	const struct tally tally = {.rows = 1, .acked = 1};
	assert_int_equal(tailer_ack(fx.tailer, f, last.from, last.end, &mark, 1, &tally), 0);
	tailer_release(fx.tailer, f, 1);
	save();
	temp_append(live(0), HEAD "b,1\nb,2\nb,3\n");
	forget();
	settle(2);
	expect("");
	expect_nothing_after_restart(2);
}

/* ---- another inode ---- */

static void restored_after_deletion(int wait, bool packed)
{
	archived();
	if (packed)
		compress(0);
	settle(1);
	unlink_in_temp(packed ? gz(0) : moved(0));
	settle(wait);
	temp_append(moved(0), "");
	turn();
	write_slowly(moved(0), 900);
	settle(4);
	expect("");
	if (!strstr(fx.notes, "is the known file")) /* it got the same inode */
		expect_note("has its rows again");
	expect_nothing_after_restart(3);
}

static void test_an_archive_restored_after_its_deletion_is_not_sent_again(UNUSED void **state)
{
	for (int i = 0; i < 12; i++) {
		if (i > 0) {
			assert_int_equal(teardown(state), 0);
			assert_int_equal(setup(state), 0);
		}
		restored_after_deletion(i / 2, i % 2);
	}
}

static void test_an_archive_restored_in_the_live_folder(UNUSED void **state)
{
	archived();
	unlink_in_temp(moved(0));
	settle(4);
	temp_append(live(0), "");
	settle(4);
	write_slowly(live(0), 900);
	expect("");
}

static void test_a_truncated_copy_of_a_file_that_is_there_is_not_sent(UNUSED void **state)
{
	archived();
	put(live(2), 0, 5000);
	settle(5);
	expect("");
	expect_state(live(2), FILE_ALIAS);
}

/* ---- files that first-start passed over ---- */

static void passed(bool packed, const char *head)
{
	temp_append(moved(0), rows(head, "one", ROWS));
	if (packed)
		compress(0);
	start(TAIL_FIRST_LIVE);
	turn();
	grow(1, HEAD "b,live\n");
	settle(2);
	forget();
	(void)rows(head, "one", ROWS);
}

static void test_a_passed_archive_emptied_and_restored_stays_passed(UNUSED void **state)
{
	passed(false, HEAD);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		temp_rewrite(moved(0), "");
		turn();
		write_slowly(moved(0), steps[i]);
		expect("");
	}
	expect_note("first-start");
	expect_nothing_after_restart(2);
	compress(0);
	settle(4);
	expect("");
}

static void test_a_passed_archive_restored_after_its_deletion_stays_passed(UNUSED void **state)
{
	for (int packed = 0; packed < 2; packed++) {
		if (packed) {
			assert_int_equal(teardown(state), 0);
			assert_int_equal(setup(state), 0);
		}
		passed(packed, HEAD HEAD);
		unlink_in_temp(packed ? gz(0) : moved(0));
		settle(5);
		temp_append(moved(0), "");
		settle(1);
		write_slowly(moved(0), 900);
		expect("");
		expect_nothing_after_restart(2);
	}
}

/* ---- files that begin alike ---- */

static const char *const heads[] = {HEAD, HEAD HEAD, HEAD "b,constant\n", "# constant\n",
                                    HEAD HEAD HEAD "b,\nb,\n"};
#define HEADS (sizeof(heads) / sizeof(heads[0]))

/* Runs one test for each beginning. */
static void each_head(void **state, void (*test)(const char *head))
{
	for (size_t i = 0; i < HEADS; i++) {
		if (i > 0) {
			assert_int_equal(teardown(state), 0);
			assert_int_equal(setup(state), 0);
		}
		test(heads[i]);
	}
}

static void expect_rows(const char *kind, unsigned n)
{
	char want[64];
	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(want, sizeof(want), "|b,%s-%05u,", kind, i);
		if (!strstr(fx.log, want))
			fail_msg("row %u of %s never came:\n%s", i, kind, fx.notes);
	}
}

static void short_after_long(const char *head)
{
	start(TAIL_FIRST_LIVE);
	grow(0, rows(head, "one", ROWS));
	turn();
	move(0);
	grow(1, rows(head, "two", 3));
	settle(5);
	expect_rows("two", 3);
	move(1);
	settle(2);
	unlink_in_temp(moved(1));
	settle(4);
	assert_int_equal(status().counters.gone_unread, 0);
}

static void test_a_short_file_that_begins_like_a_long_one_is_delivered(void **state)
{
	each_head(state, short_after_long);
}

static void next_to_one_not_acknowledged(const char *head)
{
	start(TAIL_FIRST_LIVE);
	fx.ack = false;
	grow(0, rows(head, "one", 5));
	turn();
	move(0);
	grow(1, rows(head, "two", 5));
	settle(1);
	expect_rows("two", 5);
}

static void test_a_file_does_not_wait_for_one_that_only_begins_like_it(void **state)
{
	each_head(state, next_to_one_not_acknowledged);
}

static void after_a_passed_one(const char *head)
{
	for (int packed = 0; packed < 2; packed++) {
		if (packed) {
			assert_int_equal(teardown(NULL), 0);
			assert_int_equal(setup(NULL), 0);
		}
		passed(packed, head);
		grow(2, rows(head, "two", 30));
		settle(3);
		expect_rows("two", 30);
		move(2);
		settle(3);
		compress(2);
		settle(3);
		expect_nothing_after_restart(3);
	}
}

static void test_a_file_that_begins_like_a_passed_one_is_delivered(void **state)
{
	each_head(state, after_a_passed_one);
}

/* Each of them is another file, and known as such when it is moved, packed and restored. */
static void many(const char *head)
{
	char kind[8];
	start(TAIL_FIRST_LIVE);
	for (unsigned i = 0; i < 6; i++) {
		(void)snprintf(kind, sizeof(kind), "k%u", i);
		grow(i, rows(head, kind, 5 + 7 * (i % 3)));
		turn();
		move(i);
		settle(i % 3);
	}
	settle(5);
	for (unsigned i = 0; i < 6; i++) {
		(void)snprintf(kind, sizeof(kind), "k%u", i);
		expect_rows(kind, 5 + 7 * (i % 3));
	}
	forget();
	for (unsigned i = 0; i < 6; i++) {
		(void)snprintf(kind, sizeof(kind), "k%u", i);
		unlink_in_temp(moved(i));
		settle((int)i);
		temp_append(moved(i), rows(head, kind, 5 + 7 * (i % 3)));
		settle(1);
		compress(i);
		settle(4);
	}
	expect_no_row();
	expect_nothing_after_restart(3);
}

static void test_files_that_begin_alike_stay_apart(void **state)
{
	each_head(state, many);
}

/* One entry more at each rescan, as long as they were there. */
static void test_two_files_with_one_row_and_no_newline_are_known_once(UNUSED void **state)
{
	start(TAIL_FIRST_ALL);
	temp_append(moved(1), "b,1");
	temp_append(moved(2), "b,1");
	settle(4);
	size_t known = status().files_known;
	settle(6);
	assert_int_equal(status().files_known, known);
	assert_non_null(strstr(fx.log, "|b,1\n"));
	expect_nothing_after_restart(4);
	assert_int_equal(status().files_known, known);
}

static const struct CMUnitTest tests[] = {
        TEST(test_a_live_file_emptied_and_restored_is_not_sent_again),
        TEST(test_an_archive_emptied_and_restored_is_not_sent_again),
        TEST(test_a_file_that_stays_empty_and_is_restored_later),
        TEST(test_restored_over_a_restart),
        TEST(test_a_half_restored_file_goes_on_after_the_rows_it_has),
        TEST(test_other_rows_after_the_emptying_are_read),
        TEST(test_answers_that_come_while_it_is_empty_move_the_position),
        TEST(test_an_archive_restored_after_its_deletion_is_not_sent_again),
        TEST(test_an_archive_restored_in_the_live_folder),
        TEST(test_a_truncated_copy_of_a_file_that_is_there_is_not_sent),
        TEST(test_a_passed_archive_emptied_and_restored_stays_passed),
        TEST(test_a_passed_archive_restored_after_its_deletion_stays_passed),
        TEST(test_a_short_file_that_begins_like_a_long_one_is_delivered),
        TEST(test_a_file_does_not_wait_for_one_that_only_begins_like_it),
        TEST(test_a_file_that_begins_like_a_passed_one_is_delivered),
        TEST(test_files_that_begin_alike_stay_apart),
        TEST(test_two_files_with_one_row_and_no_newline_are_known_once),
};

int main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
