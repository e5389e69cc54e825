/*
 * test_forget.c - tailer.h: entries of deleted files outlive any absence, up to a number.
 */
#include "tests/unit/tailer/rig.h"

#include "tailer/impl.h"

/* Delivers files 0 to n - 1, and deletes them. */
static void delivered_and_deleted(unsigned n)
{
	char row[64];
	start(TAIL_FIRST_LIVE);
	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(row, sizeof(row), HEAD "b,%u\n", i);
		temp_append(moved(i), row);
	}
	settle(3);
	for (unsigned i = 0; i < n; i++)
		unlink_in_temp(moved(i));
	rescans(4);
	forget();
}

/* Moves the time at which the entries were found missing, as a wrong clock does. */
static void shift_clock(int64_t days)
{
	struct source *s = &fx.tailer->sources[0];
	for (size_t i = 0; i < s->nfiles; i++) {
		if (s->files[i]->gone_ms != 0)
			s->files[i]->gone_ms += days * 86400000;
		assert_int_equal(file_mark_changed(s->files[i], CHANGED_ENTRY), 0);
	}
	save();
}

static void test_archives_that_come_back_after_a_year_are_not_sent_again(UNUSED void **state)
{
	static const int64_t days[] = {-400, 800};
	delivered_and_deleted(2);
	for (size_t i = 0; i < 2; i++) {
		shift_clock(days[i]);
		restart();
		settle(4);
	}
	temp_append(moved(0), HEAD "b,0\n");
	temp_append(moved(1), HEAD "b,1\n");
	settle(2);
	expect("");
}

static void test_the_oldest_deleted_files_are_forgotten_beyond_a_number(UNUSED void **state)
{
	fx.gone_max = 2;
	delivered_and_deleted(4);
	assert_int_equal(status().files_known, 2);
	assert_null(strstr(fx.notes, "is forgotten"));
	for (unsigned i = 0; i < 4; i++) {
		char row[64];
		(void)snprintf(row, sizeof(row), HEAD "b,%u\n", i);
		temp_append(moved(i), row);
	}
	settle(2);
	expect("0000|type,a\n0000|b,0\n0001|type,a\n0001|b,1\n");
}

static void test_a_file_forgotten_with_rows_left_is_said(UNUSED void **state)
{
	fx.gone_max = 1;
	fx.ack = false;
	start(TAIL_FIRST_LIVE);
	temp_append(moved(0), HEAD "b,0\n");
	temp_append(moved(1), HEAD "b,1\n");
	turn();
	stop();
	unlink_in_temp(moved(0));
	unlink_in_temp(moved(1));
	start(TAIL_FIRST_LIVE);
	rescans(4);
	expect_note("0000.csv\" was deleted with 11 bytes undelivered and is forgotten");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_archives_that_come_back_after_a_year_are_not_sent_again),
	        TEST(test_the_oldest_deleted_files_are_forgotten_beyond_a_number),
	        TEST(test_a_file_forgotten_with_rows_left_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
