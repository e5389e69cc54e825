/* catalog.h: which files there are, in what order, and the records in them. */
#include "tests/unit/csv/rig.h"

static char reported[256];

static void report(const char *path, const char *why)
{
	(void)snprintf(reported, sizeof(reported), "%s: %s", path, why);
}

/* The files in their order, as one text: "moved/NAME ...". */
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

/* ---- the folders ---- */

static void test_files_are_in_the_order_of_their_dates_and_numbers(void **state)
{
	(void)state;
	temp_rewrite("moved/" DAY "9999.csv", "");
	temp_rewrite("moved/" DAY "10000.csv", "");
	temp_rewrite("moved/b-2026-11-20-20000.csv.gz", "");
	temp_rewrite("live/" DAY "10001.csv", "");
	temp_rewrite("live/b.csv", ""); /* a file without a date is the newest */
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

static void test_a_gz_next_to_its_plain_file_does_not_count_yet(void **state)
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

static void test_a_file_that_moves_or_is_compressed_meanwhile_is_found_again(void **state)
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
	/* It is the same folder under another path. */
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
	/* A folder that is not there yet is no problem. */
	set_source(0, "first", "live/b.csv", "missing");
	assert_files("live/" DAY "0001.csv");
	assert_int_equal(catalog_report(&fx.catalog, report), 0);
}

static void test_sources_are_sorted_together(void **state)
{
	(void)state;
	fx.conf.nsources = 2;
	temp_rewrite("moved2/" DAY "0001.csv", "");
	temp_rewrite("moved/" DAY "0002.csv", "");
	temp_rewrite("live/" DAY "0001.csv", "");
	assert_files("live/" DAY "0001.csv moved2/" DAY "0001.csv moved/" DAY "0002.csv");
	assert_ptr_equal(fx.catalog.files[1].source, &fx.sources[1]);
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
	assert_int_equal(seen.wanted, 4); /* all but "d" */
	assert_int_equal(seen.within, 2); /* at 11:00, and the unreadable time */
	assert_int_equal(seen.rejects, 1);
	assert_int_equal(seen.headers, 2);
	assert_int_equal(catalog_rows(&fx.conf, &fx.sources[0], path, &records), 0);
	assert_int_equal(seen.records, 10);
	assert_int_equal(seen.rejects, 1);
}

/* As the agent reads it: under the last header of its source that the store has. */
static void test_a_file_without_a_header_has_the_last_one_of_the_store(void **state)
{
	(void)state;
	struct rows_seen seen = {0};
	const struct rows_hooks all = {on_record, on_reject, NULL, &seen};
	temp_rewrite("moved/" DAY "0002.csv", ROW_1 ROW_2 "b,x,y\n");
	char path[PATH_MAX];
	(void)snprintf(path, sizeof(path), "%s", temp_path("moved/" DAY "0002.csv"));
	assert_int_equal(catalog_rows(&fx.conf, &fx.sources[0], path, &all), 0);
	assert_int_equal(seen.records, 0);
	assert_int_equal(seen.rejects, 3);
	temp_rewrite("moved/" DAY "0001.csv", HEADER ROW_1);
	struct ladder ladder;
	const struct ledger none = {0};
	const struct store_file f = entry_of("moved/" DAY "0001.csv", HEADER ROW_1, 1, &ladder);
	put_entry(f, &ladder, &none, "type,timeLogged,rcpt");
	fx.conf.state_dir = fx.state;
	assert_int_equal(catalog_rows(&fx.conf, &fx.sources[0], path, &all), 0);
	assert_int_equal(seen.records, 2);
	assert_int_equal(seen.rejects, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_files_are_in_the_order_of_their_dates_and_numbers),
	        TEST(test_only_files_of_the_template_count),
	        TEST(test_a_file_that_moves_meanwhile_is_the_moved_one),
	        TEST(test_a_hard_link_is_no_other_file),
	        TEST(test_a_gz_next_to_its_plain_file_does_not_count_yet),
	        TEST(test_a_file_that_moves_or_is_compressed_meanwhile_is_found_again),
	        TEST(test_a_copy_is_a_file_of_its_own),
	        TEST(test_one_folder_for_both_is_looked_through_once),
	        TEST(test_a_folder_that_cannot_be_read_is_reported),
	        TEST(test_sources_are_sorted_together),
	        TEST(test_the_newest_entry_of_a_name),
	        TEST(test_a_source_is_found_by_the_name_of_the_file),
	        TEST(test_records_of_the_wanted_types_and_times),
	        TEST(test_a_file_without_a_header_has_the_last_one_of_the_store),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
