/* catalog.h: which files there are, in what order, and which entry of the store is about each. */
#include "tests/unit/csv/rig.h"

static char reported[256];

static void report(const char *path, const char *why)
{
	(void)snprintf(reported, sizeof(reported), "%s: %s", path, why);
}

/* The files as one text: "moved/NAME ..." in their order. */
static void assert_files(const char *want)
{
	char got[2048] = "";
	look_through();
	for (size_t i = 0; i < fx.catalog.nfiles; i++) {
		const struct catalog_file *f = &fx.catalog.files[i];
		assert_string_equal(f->name, strrchr(f->path, '/') + 1);
		assert_string_equal(strstr(f->path, "/moved") ? "moved" : "live",
		                    f->moved ? "moved" : "live");
		size_t n = strlen(got);
		(void)snprintf(got + n, sizeof(got) - n, "%s%s", n > 0 ? " " : "",
		               f->path + strlen(temp_dir) + 1);
	}
	assert_string_equal(got, want);
}

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

/* id 0: the store knows nothing of it. */
static void assert_known(const char *path, int64_t id, bool proved, bool whole)
{
	assert_int_equal(look_at(path), 0);
	assert_int_equal(fx.known.entry ? fx.known.entry->kept.id : 0, id);
	assert_int_equal(fx.known.proved, proved);
	assert_int_equal(fx.known.whole, whole);
}

/* ---- the folders ---- */

static void test_files_stand_in_the_order_of_their_dates_and_numbers(void **state)
{
	(void)state;
	temp_rewrite("moved/" DAY "9999.csv", "");
	temp_rewrite("moved/" DAY "10000.csv", "");
	temp_rewrite("moved/b-2026-11-20-20000.csv.gz", "");
	temp_rewrite("live/" DAY "10001.csv", "");
	temp_rewrite("live/b.csv", ""); /* without a date it is the newest */
	assert_files("moved/b-2026-11-20-20000.csv.gz moved/" DAY "9999.csv moved/" DAY
	             "10000.csv live/" DAY "10001.csv live/b.csv");
}

static void test_only_files_of_the_template_count(void **state)
{
	(void)state;
	temp_rewrite("moved/c-2026-11-21-0001.csv", "");
	temp_rewrite("moved/" DAY "0001.txt", "");
	temp_rewrite("moved/" DAY "0001.csv", "");
	assert_int_equal(mkdir(temp_path("moved/" DAY "0002.csv"), 0700), 0);
	assert_int_equal(symlink(DAY "0001.csv", temp_path("moved/" DAY "0003.csv")), 0);
	assert_files("moved/" DAY "0001.csv");
}

static void test_a_file_that_moves_meanwhile_is_the_moved_one(void **state)
{
	(void)state;
	temp_rewrite("live/" DAY "0001.csv", HEADER);
	assert_int_equal(
	        link(temp_path("live/" DAY "0001.csv"), temp_path("moved/" DAY "0001.csv")), 0);
	assert_files("moved/" DAY "0001.csv");
}

static void test_a_hard_link_is_no_other_file(void **state)
{
	(void)state;
	temp_rewrite("moved/" DAY "0001.csv", HEADER);
	link_to("moved/" DAY "0001.csv", "moved/" DAY "0002.csv");
	link_to("moved/" DAY "0001.csv", "live/" DAY "0000.csv");
	assert_files("moved/" DAY "0001.csv");
}

static void test_a_gz_beside_its_plain_file_is_none_yet(void **state)
{
	(void)state;
	settled("moved/" DAY "0001.csv", HEADER ROW_1, 1);
	zip("moved/" DAY "0001.csv.gz", HEADER ROW_1, 8);
	assert_files("moved/" DAY "0001.csv");
	assert_int_equal(fx.catalog.ntroubles, 0);
}

static void assert_again(const char *want)
{
	char path[PATH_MAX];
	struct catalog_file f = fx.catalog.files[0];
	assert_int_equal(catalog_find_again(&f, path, sizeof(path)), want != NULL);
	if (!want)
		return;
	assert_string_equal(f.path, temp_path(want));
	assert_string_equal(f.name, strrchr(f.path, '/') + 1);
	assert_int_equal(f.key.gz, strstr(want, ".gz") != NULL);
	assert_int_equal(f.moved, strncmp(want, "moved", 5) == 0);
}

static void test_what_moves_or_is_compressed_meanwhile_is_found_again(void **state)
{
	(void)state;
	temp_rewrite("live/" DAY "0001.csv", HEADER);
	look_through();
	rename_to("live/" DAY "0001.csv", "moved/" DAY "0001.csv");
	assert_again("moved/" DAY "0001.csv");
	rename_to("moved/" DAY "0001.csv", "moved/" DAY "0001.csv.gz");
	assert_again("moved/" DAY "0001.csv.gz");
	rename_to("moved/" DAY "0001.csv.gz", "live/" DAY "0001.csv.gz");
	assert_again("live/" DAY "0001.csv.gz");
	assert_int_equal(unlink(temp_path("live/" DAY "0001.csv.gz")), 0);
	assert_again(NULL);
}

static void test_a_copy_is_a_file_of_its_own(void **state)
{
	(void)state;
	temp_rewrite("live/" DAY "0001.csv", HEADER);
	temp_rewrite("moved/" DAY "0001.csv", HEADER);
	assert_files("live/" DAY "0001.csv moved/" DAY "0001.csv");
}

static void test_one_folder_for_both_is_looked_through_once(void **state)
{
	(void)state;
	set_source(0, "first", "moved/b.csv", "moved");
	temp_rewrite("moved/" DAY "0001.csv", "");
	assert_files("moved/" DAY "0001.csv");
	/* Whatever the path, it is the same folder. */
	set_source(0, "first", "moved/b.csv", "live/../moved/");
	assert_files("live/../moved/" DAY "0001.csv");
}

static void test_a_folder_that_cannot_be_read_is_reported(void **state)
{
	(void)state;
	temp_rewrite("live/" DAY "0001.csv", "");
	temp_rewrite("plain", "");
	set_source(0, "first", "live/b.csv", "plain");
	assert_files("live/" DAY "0001.csv");
	assert_int_equal(fx.catalog.ntroubles, 1);
	assert_ptr_equal(fx.catalog.troubles[0].source, &fx.sources[0]);
	assert_int_equal(catalog_report(&fx.catalog, report), 1);
	assert_non_null(strstr(reported, "/plain: Not a directory"));
	/* One that is not there yet is waited for. */
	set_source(0, "first", "live/b.csv", "missing");
	assert_files("live/" DAY "0001.csv");
	assert_int_equal(catalog_report(&fx.catalog, report), 0);
}

static void test_sources_stand_side_by_side(void **state)
{
	(void)state;
	fx.conf.nsources = 2;
	temp_rewrite("moved2/" DAY "0001.csv", "");
	temp_rewrite("moved/" DAY "0002.csv", "");
	temp_rewrite("live/" DAY "0001.csv", "");
	assert_files("live/" DAY "0001.csv moved2/" DAY "0001.csv moved/" DAY "0002.csv");
	assert_ptr_equal(fx.catalog.files[1].source, &fx.sources[1]);
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
	/* One that has not all that is settled is not it. */
	temp_rewrite("moved/" DAY "0002.csv", HEADER ROW_1);
	assert_known("moved/" DAY "0002.csv", 0, false, false);
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

static void test_one_that_a_crash_left_shorter_is_known_without_proof(void **state)
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
	/* The same beginning in another inode: perhaps another file. */
	temp_rewrite("moved/" DAY "0002.csv", HEADER ROW_1);
	assert_known("moved/" DAY "0002.csv", 0, false, false);
	/* Another beginning in the same inode: it is another file. */
	temp_rewrite("moved/" DAY "0001.csv", HEADER OTHER);
	assert_known("moved/" DAY "0001.csv", 0, false, false);
}

static void test_a_copy_of_what_had_nothing_settled_takes_its_place(void **state)
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

/* The store's entry of a file that first-start left out. */
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

static void test_what_was_passed_over_stays_so(void **state)
{
	(void)state;
	passed("moved/" DAY "0001.csv", HEADER ROW_1);
	assert_known("moved/" DAY "0001.csv", 1, true, true);
	zip("moved/" DAY "0001.csv.gz", HEADER ROW_1, 0);
	assert_int_equal(unlink(temp_path("moved/" DAY "0001.csv")), 0);
	assert_int_equal(look_at("moved/" DAY "0001.csv.gz"), 0);
	assert_non_null(fx.known.entry);
	/* With other contents and another size at its inode it is another file. */
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
	rename_to("moved/" DAY "0001.csv", "moved/" DAY "0002.csv"); /* it may be any file's */
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
	/* Shorter than what is settled: nothing stands after that, and it is not whole. */
	f = entry_of("moved/" DAY "0001.csv.gz", HEADER ROW_1 ROW_2, 2, &ladder);
	f.gz = true;
	put_entry(f, &ladder, &none, "");
	assert_int_equal(store_file_drop(fx.store, 1), 0);
	assert_known("moved/" DAY "0001.csv.gz", 2, false, false);
}

/* ---- names, sources, records ---- */

static void test_the_newest_entry_of_a_name(void **state)
{
	(void)state;
	settled("moved/" DAY "0001.csv", HEADER ROW_1, 1);
	settled("moved/" DAY "0002.csv", HEADER ROW_2, 1);
	settled("moved/" DAY "0001.csv", HEADER OTHER, 1);
	look_through();
	assert_int_equal(catalog_entry_named(&fx.catalog, DAY "0001.csv")->kept.id, 3);
	assert_int_equal(catalog_entry_named(&fx.catalog, DAY "0002.csv")->kept.id, 2);
	assert_null(catalog_entry_named(&fx.catalog, DAY "0003.csv"));
}

static void test_a_source_is_found_by_the_name_of_the_file(void **state)
{
	(void)state;
	fx.conf.nsources = 2;
	set_source(1, "second", "live2/fbl.csv", "moved2");
	assert_ptr_equal(catalog_source_of(&fx.conf, "/tmp/fbl-2026-11-21-0001.csv.gz"),
	                 &fx.sources[1]);
	assert_ptr_equal(catalog_source_of(&fx.conf, DAY "0001.csv"), &fx.sources[0]);
	assert_ptr_equal(catalog_source_of(&fx.conf, "else.csv"), &fx.sources[0]);
}

struct rows_seen {
	unsigned records, wanted, within, rejects, headers;
};

#define AT_11 INT64_C(1795258800000) /* 2026-11-21T11:00:00Z */

static int on_record(const struct record *rec, void *arg)
{
	struct rows_seen *seen = arg;
	seen->records++;
	seen->wanted += catalog_wanted(&fx.sources[0], rec, INT64_MIN, INT64_MAX);
	seen->within += catalog_wanted(&fx.sources[0], rec, AT_11, AT_11 + 1);
	return 0;
}

static int on_reject(const struct record *rec, const char *why, void *arg)
{
	(void)rec;
	(void)why;
	((struct rows_seen *)arg)->rejects++;
	return 0;
}

static int on_header(struct slice header, uint64_t end, void *arg)
{
	struct rows_seen *seen = arg;
	if (seen->headers++ == 0) {
		assert_true(slice_is(header, "type,timeLogged,rcpt"));
		assert_int_equal(end, strlen(HEADER));
	}
	return 0;
}

static void test_records_of_the_wanted_types_and_times(void **state)
{
	(void)state;
	struct rows_seen seen = {0};
	const struct rows_hooks all = {on_record, on_reject, on_header, &seen};
	const struct rows_hooks records = {.record = on_record, .arg = &seen};
	temp_rewrite("moved/" DAY "0001.csv",
	             HEADER ROW_1 ROW_2 "b,nobody can read this time,d@example.org\n" ROW_3
	                                "b,\"not closed\n" HEADER OTHER);
	const char *path = temp_path("moved/" DAY "0001.csv");
	assert_int_equal(catalog_rows(&fx.conf, &fx.sources[0], path, &all), 0);
	assert_int_equal(seen.records, 5);
	assert_int_equal(seen.wanted, 4); /* not "d" */
	assert_int_equal(seen.within, 2); /* at 11, and when nobody knows */
	assert_int_equal(seen.rejects, 1);
	assert_int_equal(seen.headers, 2);
	assert_int_equal(catalog_rows(&fx.conf, &fx.sources[0], path, &records), 0);
	assert_int_equal(seen.records, 10);
	assert_int_equal(seen.rejects, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_files_stand_in_the_order_of_their_dates_and_numbers),
	        TEST(test_only_files_of_the_template_count),
	        TEST(test_a_file_that_moves_meanwhile_is_the_moved_one),
	        TEST(test_a_hard_link_is_no_other_file),
	        TEST(test_a_gz_beside_its_plain_file_is_none_yet),
	        TEST(test_what_moves_or_is_compressed_meanwhile_is_found_again),
	        TEST(test_a_copy_is_a_file_of_its_own),
	        TEST(test_one_folder_for_both_is_looked_through_once),
	        TEST(test_a_folder_that_cannot_be_read_is_reported),
	        TEST(test_sources_stand_side_by_side),
	        TEST(test_a_file_is_known_by_its_inode_and_its_last_row),
	        TEST(test_rows_that_are_not_settled_leave_it_unfinished),
	        TEST(test_a_gap_leaves_it_unfinished),
	        TEST(test_a_copy_is_known_by_its_salt),
	        TEST(test_the_inode_decides_between_two_that_begin_alike),
	        TEST(test_an_inode_that_is_used_again_proves_nothing),
	        TEST(test_one_that_a_crash_left_shorter_is_known_without_proof),
	        TEST(test_with_no_row_to_compare_the_inode_must_do),
	        TEST(test_a_copy_of_what_had_nothing_settled_takes_its_place),
	        TEST(test_a_fork_goes_on_after_the_rows_they_share),
	        TEST(test_what_was_passed_over_stays_so),
	        TEST(test_a_header_alone_is_compared),
	        TEST(test_an_entry_of_another_source_is_another_file),
	        TEST(test_without_a_store_nothing_is_known),
	        TEST(test_a_file_that_is_gone_is_an_error),
	        TEST(test_a_compressed_file_is_known_by_its_rows),
	        TEST(test_an_unfinished_gz_is_an_error),
	        TEST(test_a_gz_that_was_followed_is_known_by_its_inode),
	        TEST(test_the_newest_entry_of_a_name),
	        TEST(test_a_source_is_found_by_the_name_of_the_file),
	        TEST(test_records_of_the_wanted_types_and_times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
