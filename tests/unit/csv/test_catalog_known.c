/* test_catalog_known.c - catalog.h: which entry of the store belongs to each file. */
#include "tests/unit/csv/rig.h"

static int look_at(const char *path)
{
	ledger_free(&fx.known.ledger);
	look_through();
	for (size_t i = 0; i < fx.catalog.nfiles; i++)
		if (strcmp(fx.catalog.files[i].path, temp_path(path)) == 0)
			return catalog_look(&fx.catalog, &fx.catalog.files[i], &fx.known);
	fail_msg("%s is not in the catalog", path);
	return 0;
}

/* id 0: the store has no entry about it. */
static void assert_known(const char *path, int64_t id, bool proved, bool whole)
{
	assert_int_equal(look_at(path), 0);
	assert_int_equal(fx.known.entry ? fx.known.entry->kept.id : 0, id);
	assert_int_equal(fx.known.proved, proved);
	assert_int_equal(fx.known.whole, whole);
}

/* ---- which entry of the store ---- */

static void test_a_file_is_known_by_its_inode_and_its_last_row(void **state)
{
	(void)state;
	settled("live/" DAY "0001.csv", HEADER ROW_1 ROW_2, 2);
	assert_int_equal(
	        rename(temp_path("live/" DAY "0001.csv"), temp_path("moved/" DAY "0001.csv")), 0);
	assert_known("moved/" DAY "0001.csv", 1, true, true);
	assert_int_equal(fx.known.ledger.committed, strlen(HEADER ROW_1 ROW_2));
	assert_string_equal(fx.known.entry->name, DAY "0001.csv");
	assert_ptr_equal(fx.known.entry->source, &fx.sources[0]);
}

static void test_rows_that_are_not_settled_leave_it_unfinished(void **state)
{
	(void)state;
	settled("moved/" DAY "0001.csv", HEADER ROW_1 ROW_2, 1);
	assert_known("moved/" DAY "0001.csv", 1, true, false);
	settled("moved/" DAY "0002.csv", HEADER OTHER ROW_2, 2);
	assert_known("moved/" DAY "0002.csv", 2, true, true);
	temp_append("moved/" DAY "0002.csv", ROW_3);
	assert_known("moved/" DAY "0002.csv", 2, true, false);
}

static void test_a_gap_leaves_it_unfinished(void **state)
{
	(void)state;
	static const char text[] = HEADER ROW_1 ROW_2 ROW_3;
	struct ladder ladder;
	struct ledger_range range = {sizeof(text) - 1 - strlen(ROW_3), sizeof(text) - 1, {0}};
	const struct ledger gap = {.ranges = &range, .n = 1};
	temp_rewrite("moved/" DAY "0001.csv", text);
	const struct store_file f = entry_of("moved/" DAY "0001.csv", text, 1, &ladder);
	put_entry(f, &ladder, &gap, "");
	assert_known("moved/" DAY "0001.csv", 1, true, false);
	assert_int_equal(fx.known.ledger.n, 1);
}

static void test_a_copy_is_known_by_its_salt(void **state)
{
	(void)state;
	settled("live/" DAY "0001.csv", HEADER ROW_1 ROW_2, 2);
	temp_rewrite("moved/" DAY "0001.csv", HEADER ROW_1 ROW_2);
	assert_known("moved/" DAY "0001.csv", 1, true, true);
	/* All rows of a truncated copy are in a file that is there. */
	temp_rewrite("moved/" DAY "0002.csv", HEADER ROW_1);
	assert_known("moved/" DAY "0002.csv", 0, false, false); /* it may still be copied */
	temp_age("moved/" DAY "0002.csv");
	assert_known("moved/" DAY "0002.csv", 1, true, false);
	/* Otherwise a file without all the settled rows is another file. */
	temp_rewrite("moved/" DAY "0002.csv", HEADER ROW_1 "b");
	temp_age("moved/" DAY "0002.csv");
	assert_known("moved/" DAY "0002.csv", 1, true, false);
	temp_rewrite("moved/" DAY "0002.csv", HEADER ROW_1 "f");
	temp_age("moved/" DAY "0002.csv");
	assert_known("moved/" DAY "0002.csv", 0, false, false);
}

/* Equal first rows alone prove nothing; the entry that proves the most wins. */
static void test_entries_that_begin_alike_stay_apart(void **state)
{
	(void)state;
	settled("moved/" DAY "0001.csv", HEADER ROW_1, 1);
	settled("moved/" DAY "0002.csv", HEADER ROW_1 ROW_2, 2);
	settled("moved/" DAY "0003.csv", HEADER ROW_1 ROW_3 ROW_2, 3);
	for (int i = 1; i <= 3; i++)
		assert_int_equal(unlink(temp_path(i == 1   ? "moved/" DAY "0001.csv"
		                                  : i == 2 ? "moved/" DAY "0002.csv"
		                                           : "moved/" DAY "0003.csv")),
		                 0);
	zip("moved/" DAY "0002.csv.gz", HEADER ROW_1 ROW_2, 0);
	zip("moved/" DAY "0003.csv.gz", HEADER ROW_1 ROW_3 ROW_2, 0);
	assert_known("moved/" DAY "0002.csv.gz", 2, true, true);
	assert_known("moved/" DAY "0003.csv.gz", 3, true, true);
}

static void test_the_inode_decides_between_two_that_begin_alike(void **state)
{
	(void)state;
	settled("moved/" DAY "0001.csv", HEADER ROW_1 ROW_2, 1);
	settled("moved/" DAY "0002.csv", HEADER ROW_1 ROW_2, 2);
	assert_known("moved/" DAY "0001.csv", 1, true, false);
	assert_known("moved/" DAY "0002.csv", 2, true, true);
}

static void test_an_inode_that_is_used_again_proves_nothing(void **state)
{
	(void)state;
	settled("moved/" DAY "0001.csv", HEADER ROW_1 ROW_2, 2);
	temp_rewrite("moved/" DAY "0001.csv", HEADER OTHER OTHER);
	assert_known("moved/" DAY "0001.csv", 0, false, false);
}

static void test_a_file_shortened_by_a_crash_is_known_without_proof(void **state)
{
	(void)state;
	char long_row[LADDER_STEP + 64];
	char text[sizeof(long_row) + 256];
	memset(long_row, 'x', sizeof(long_row));
	memcpy(long_row, "b,", 2);
	(void)snprintf(long_row + sizeof(long_row) - 2, 2, "\n");
	(void)snprintf(text, sizeof(text), HEADER ROW_1 "%s", long_row);
	fx.conf.record_max = 2 * LADDER_STEP;
	settled("moved/" DAY "0001.csv", text, 2);
	assert_known("moved/" DAY "0001.csv", 1, true, true);
	temp_rewrite("moved/" DAY "0001.csv", HEADER ROW_1);
	assert_known("moved/" DAY "0001.csv", 1, false, false);
}

static void test_with_no_row_to_compare_the_inode_must_do(void **state)
{
	(void)state;
	settled("moved/" DAY "0001.csv", HEADER ROW_1, 0);
	assert_known("moved/" DAY "0001.csv", 1, true, false);
	/* The same beginning in another inode: it may be another file. */
	temp_rewrite("moved/" DAY "0002.csv", HEADER ROW_1);
	assert_known("moved/" DAY "0002.csv", 0, false, false);
	/* Another beginning in the same inode: it is another file. */
	temp_rewrite("moved/" DAY "0001.csv", HEADER OTHER);
	assert_known("moved/" DAY "0001.csv", 0, false, false);
}

static void test_a_copy_of_a_file_with_nothing_settled_takes_its_place(void **state)
{
	(void)state;
	settled("live/" DAY "0001.csv", HEADER ROW_1, 0);
	temp_rewrite("moved/" DAY "0001.csv", HEADER ROW_1);
	assert_known("moved/" DAY "0001.csv", 0, false, false);
	assert_int_equal(unlink(temp_path("live/" DAY "0001.csv")), 0);
	assert_known("moved/" DAY "0001.csv", 1, true, false);
}

static void test_a_fork_goes_on_after_the_rows_they_share(void **state)
{
	(void)state;
	char long_row[LADDER_STEP + 64];
	char text[sizeof(long_row) + 256], fork[sizeof(text)];
	memset(long_row, 'x', sizeof(long_row));
	memcpy(long_row, "b,", 2);
	(void)snprintf(long_row + sizeof(long_row) - 2, 2, "\n");
	(void)snprintf(text, sizeof(text), HEADER ROW_1 "%s", long_row);
	fx.conf.record_max = 2 * LADDER_STEP;
	settled("live/" DAY "0001.csv", text, 2);
	memcpy(fork, text, sizeof(text));
	fork[strlen(fork) - 9] = 'y';
	temp_rewrite("moved/" DAY "0002.csv", fork);
	assert_known("moved/" DAY "0002.csv", 0, false, false);
	assert_int_equal(fx.known.resume, strlen(HEADER ROW_1));
}

/* Puts an entry about a file that first-start passed over. */
static void passed(const char *path, const char *text)
{
	struct ladder ladder;
	const struct ledger none = {0};
	temp_rewrite(path, text);
	struct store_file f = entry_of(path, text, 0, &ladder);
	f.offset = f.size;
	f.passed = true;
	put_entry(f, &ladder, &none, "");
}

static void test_a_passed_file_stays_passed(void **state)
{
	(void)state;
	passed("moved/" DAY "0001.csv", HEADER ROW_1);
	assert_known("moved/" DAY "0001.csv", 1, true, true);
	zip("moved/" DAY "0001.csv.gz", HEADER ROW_1, 0);
	assert_int_equal(unlink(temp_path("moved/" DAY "0001.csv")), 0);
	assert_int_equal(look_at("moved/" DAY "0001.csv.gz"), 0);
	assert_non_null(fx.known.entry);
	/* The same inode with other contents and another size is another file. */
	passed("moved/" DAY "0002.csv", HEADER ROW_1);
	temp_rewrite("moved/" DAY "0002.csv", HEADER OTHER ROW_2);
	assert_known("moved/" DAY "0002.csv", 0, false, false);
}

static void test_a_header_alone_is_compared(void **state)
{
	(void)state;
	struct ladder ladder;
	const struct ledger none = {0};
	temp_rewrite("moved/" DAY "0001.csv", HEADER);
	struct store_file f = entry_of("moved/" DAY "0001.csv", HEADER, 0, &ladder);
	f.salt = (struct hash128){0};
	f.offset = strlen(HEADER);
	put_entry(f, &ladder, &none, "type,timeLogged,rcpt");
	assert_known("moved/" DAY "0001.csv", 1, true, true);
	rename_to("moved/" DAY "0001.csv",
	          "moved/" DAY "0002.csv"); /* any file may have this header */
	assert_known("moved/" DAY "0002.csv", 0, false, false);
	rename_to("moved/" DAY "0002.csv", "moved/" DAY "0001.csv");
	temp_rewrite("moved/" DAY "0001.csv", "type,rcpt,timeLogged\n");
	assert_known("moved/" DAY "0001.csv", 0, false, false);
}

static void test_an_entry_of_another_source_is_another_file(void **state)
{
	(void)state;
	fx.conf.nsources = 2;
	settled("moved2/" DAY "0001.csv", HEADER ROW_1, 1); /* by the source "first" */
	assert_known("moved2/" DAY "0001.csv", 0, false, false);
}

static void test_without_a_store_nothing_is_known(void **state)
{
	(void)state;
	settled("moved/" DAY "0001.csv", HEADER ROW_1, 1);
	fx.store = store_close(fx.store);
	assert_known("moved/" DAY "0001.csv", 0, false, false);
}

static void test_a_file_that_is_gone_is_an_error(void **state)
{
	(void)state;
	settled("moved/" DAY "0001.csv", HEADER ROW_1, 1);
	look_through();
	assert_int_equal(unlink(temp_path("moved/" DAY "0001.csv")), 0);
	assert_int_equal(catalog_look(&fx.catalog, &fx.catalog.files[0], &fx.known), -ENOENT);
}

/* ---- gzip ---- */

static void test_a_compressed_file_is_known_by_its_rows(void **state)
{
	(void)state;
	settled("moved/" DAY "0001.csv", HEADER ROW_1 ROW_2, 2);
	zip("moved/" DAY "0001.csv.gz", HEADER ROW_1 ROW_2, 0);
	assert_int_equal(unlink(temp_path("moved/" DAY "0001.csv")), 0);
	assert_known("moved/" DAY "0001.csv.gz", 1, true, true);
	zip("moved/" DAY "0001.csv.gz", HEADER ROW_1 ROW_2 ROW_3, 0);
	assert_known("moved/" DAY "0001.csv.gz", 1, true, false);
}

static void test_an_unfinished_gz_is_an_error(void **state)
{
	(void)state;
	settled("moved/" DAY "0001.csv", HEADER ROW_1 ROW_2, 2);
	assert_int_equal(unlink(temp_path("moved/" DAY "0001.csv")), 0);
	zip("moved/" DAY "0001.csv.gz", HEADER ROW_1 ROW_2, 8);
	assert_int_equal(look_at("moved/" DAY "0001.csv.gz"), -EBADMSG);
}

static void test_a_gz_that_was_followed_is_known_by_its_inode(void **state)
{
	(void)state;
	struct ladder ladder;
	const struct ledger none = {0};
	zip("moved/" DAY "0001.csv.gz", HEADER ROW_1, 0);
	struct store_file f = entry_of("moved/" DAY "0001.csv.gz", HEADER ROW_1, 1, &ladder);
	f.gz = true;
	f.salt = (struct hash128){0};
	put_entry(f, &ladder, &none, "");
	assert_known("moved/" DAY "0001.csv.gz", 1, true, true);
	/* Shorter than the settled part: nothing is after that, and the file is not whole. */
	f = entry_of("moved/" DAY "0001.csv.gz", HEADER ROW_1 ROW_2, 2, &ladder);
	f.gz = true;
	put_entry(f, &ladder, &none, "");
	assert_int_equal(store_file_drop(fx.store, 1), 0);
	assert_known("moved/" DAY "0001.csv.gz", 2, false, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_a_file_is_known_by_its_inode_and_its_last_row),
	        TEST(test_rows_that_are_not_settled_leave_it_unfinished),
	        TEST(test_a_gap_leaves_it_unfinished),
	        TEST(test_a_copy_is_known_by_its_salt),
	        TEST(test_entries_that_begin_alike_stay_apart),
	        TEST(test_the_inode_decides_between_two_that_begin_alike),
	        TEST(test_an_inode_that_is_used_again_proves_nothing),
	        TEST(test_a_file_shortened_by_a_crash_is_known_without_proof),
	        TEST(test_with_no_row_to_compare_the_inode_must_do),
	        TEST(test_a_copy_of_a_file_with_nothing_settled_takes_its_place),
	        TEST(test_a_fork_goes_on_after_the_rows_they_share),
	        TEST(test_a_passed_file_stays_passed),
	        TEST(test_a_header_alone_is_compared),
	        TEST(test_an_entry_of_another_source_is_another_file),
	        TEST(test_without_a_store_nothing_is_known),
	        TEST(test_a_file_that_is_gone_is_an_error),
	        TEST(test_a_compressed_file_is_known_by_its_rows),
	        TEST(test_an_unfinished_gz_is_an_error),
	        TEST(test_a_gz_that_was_followed_is_known_by_its_inode),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
