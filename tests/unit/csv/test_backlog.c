/* backlog.h: the position in each file and the bytes left, as an agent would find them. */
#include "tests/unit/csv/rig.h"

#include "csv/backlog.h"

static char got[2048];

/* "NAME offset+left" and marks for each file; "-NAME" is a missing file. */
static void note(const struct backlog_file *f, void *arg)
{
	(void)arg;
	size_t n = strlen(got);
	(void)snprintf(
	        got + n, sizeof(got) - n, "%s%s%s %llu+%llu%s%s%s%s", n > 0 ? ", " : "",
	        f->file ? "" : "-", f->file ? f->file->path + strlen(temp_dir) + 1 : f->entry->name,
	        (unsigned long long)f->offset, (unsigned long long)f->left, f->entry ? "" : " new",
	        f->passed ? " passed" : "", f->lost ? " lost" : "", f->error ? " unreadable" : "");
}

static void assert_backlog(const char *fmt, ...)
{
	char want[sizeof(got)];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(want, sizeof(want), fmt, args);
	va_end(args);
	got[0] = '\0';
	look_through();
	assert_int_equal(backlog_each(&fx.catalog, &fx.sources[0], note, NULL), 0);
	assert_string_equal(got, want);
}

static void agent_was_here(void)
{
	assert_int_equal(store_begin(fx.store), 0);
	assert_int_equal(store_put(fx.store, "first", "started", 1), 0);
	assert_int_equal(store_commit(fx.store, 1000), 0);
}

#define HEAD_LEN (sizeof(HEADER) - 1)
#define ROW_LEN (sizeof(ROW_1) - 1)
#define ONE (HEAD_LEN + ROW_LEN)
#define TWO (ONE + ROW_LEN)

static void test_the_backlog_of_files_after_a_stop(void **state)
{
	(void)state;
	agent_was_here();
	settled("moved/" DAY "0001.csv", HEADER ROW_1 ROW_2, 2);
	settled("moved/" DAY "0002.csv", HEADER OTHER ROW_2, 1);
	temp_rewrite("live/" DAY "10000.csv", HEADER ROW_3);
	temp_rewrite("live/" DAY "9999.csv", "");
	temp_rewrite("live/" DAY "10001.csv", HEADER); /* no row of it is delivered */
	temp_rewrite("live/" DAY "10002.csv", "type,time");
	assert_backlog("moved/" DAY "0001.csv %zu+0, moved/" DAY "0002.csv %zu+%zu, live/" DAY
	               "9999.csv 0+0 new, live/" DAY "10000.csv 0+%zu new, live/" DAY
	               "10001.csv %zu+0 new, live/" DAY "10002.csv 0+9 new",
	               TWO, ONE, ROW_LEN, ONE, HEAD_LEN);
}

static void test_a_file_renamed_meanwhile_has_its_size_of_now(void **state)
{
	(void)state;
	agent_was_here();
	settled("live/b.csv", HEADER ROW_1, 1);
	temp_append("live/b.csv", ROW_2 ROW_3);
	rename_to("live/b.csv", "moved/" DAY "0001.csv");
	assert_backlog("moved/" DAY "0001.csv %zu+%zu", ONE, 2 * ROW_LEN);
}

static void test_an_inode_that_is_used_again_is_another_file(void **state)
{
	(void)state;
	agent_was_here();
	settled("live/" DAY "0001.csv", HEADER ROW_1, 1);
	temp_rewrite("live/" DAY "0001.csv", HEADER OTHER ROW_2);
	rename_to("live/" DAY "0001.csv", "live/" DAY "0002.csv");
	assert_backlog("live/" DAY "0002.csv 0+%zu new, -" DAY "0001.csv %zu+0", TWO, ONE);
}

static void test_a_second_path_is_left_out(void **state)
{
	(void)state;
	agent_was_here();
	settled("moved/" DAY "0001.csv", HEADER ROW_1 ROW_2, 1);
	temp_rewrite("live/" DAY "0001.csv", HEADER ROW_1 ROW_2);
	temp_rewrite("moved/" DAY "0000.csv", HEADER ROW_1 ROW_2);
	assert_backlog("moved/" DAY "0001.csv %zu+%zu", ONE, ROW_LEN);
	/* A longer copy is a file of its own. */
	temp_append("moved/" DAY "0000.csv", ROW_3);
	assert_backlog("moved/" DAY "0000.csv %zu+%zu new, moved/" DAY "0001.csv %zu+%zu", ONE,
	               2 * ROW_LEN, ONE, ROW_LEN);
	/* A copy replaces an original that is no longer there. */
	assert_int_equal(unlink(temp_path("moved/" DAY "0001.csv")), 0);
	assert_int_equal(unlink(temp_path("moved/" DAY "0000.csv")), 0);
	assert_backlog("live/" DAY "0001.csv %zu+%zu", ONE, ROW_LEN);
}

static void put_gz(size_t n)
{
	struct ladder ladder;
	const struct ledger none = {0};
	struct store_file f = entry_of("moved/" DAY "0001.csv.gz", HEADER ROW_1 ROW_2, n, &ladder);
	struct stat st;
	assert_int_equal(stat(temp_path("moved/" DAY "0001.csv.gz"), &st), 0);
	f.name = DAY "0001.csv";
	f.gz = true;
	f.size = (uint64_t)st.st_size;
	put_entry(f, &ladder, &none, "");
}

static void test_a_gz_counts_as_a_whole_until_all_of_it_is_settled(void **state)
{
	(void)state;
	agent_was_here();
	struct stat st;
	zip("moved/" DAY "0001.csv.gz", HEADER ROW_1 ROW_2, 0);
	assert_int_equal(stat(temp_path("moved/" DAY "0001.csv.gz"), &st), 0);
	assert_backlog("moved/" DAY "0001.csv.gz 0+%zu new", (size_t)st.st_size);
	put_gz(1);
	assert_backlog("moved/" DAY "0001.csv.gz %zu+%zu", ONE, (size_t)st.st_size);
	assert_int_equal(store_begin(fx.store), 0);
	assert_int_equal(store_file_drop(fx.store, fx.last_id), 0);
	assert_int_equal(store_commit(fx.store, 1000), 0);
	put_gz(2);
	assert_backlog("moved/" DAY "0001.csv.gz %zu+0", TWO);
	temp_rewrite("moved/" DAY "0002.csv.gz", "no gzip");
	assert_backlog(
	        "moved/" DAY "0001.csv.gz %zu+0, moved/" DAY "0002.csv.gz 0+0 new unreadable", TWO);
}

static void test_an_unfinished_gz_is_no_additional_file(void **state)
{
	(void)state;
	agent_was_here();
	settled("moved/" DAY "0001.csv", HEADER ROW_1, 1);
	zip("moved/" DAY "0001.csv.gz", HEADER ROW_1, 9);
	assert_backlog("moved/" DAY "0001.csv %zu+0", ONE);
}

static void test_first_start_has_yet_to_decide(void **state)
{
	(void)state;
	temp_rewrite("moved/" DAY "0001.csv", HEADER ROW_1);
	temp_rewrite("live/" DAY "0002.csv", HEADER ROW_1 ROW_2);
	fx.conf.first_start = FIRST_LIVE;
	assert_backlog("moved/" DAY "0001.csv %zu+0 new passed, live/" DAY "0002.csv 0+%zu new",
	               ONE, TWO);
	fx.conf.first_start = FIRST_NOW;
	assert_backlog("moved/" DAY "0001.csv %zu+0 new passed, live/" DAY
	               "0002.csv %zu+0 new passed",
	               ONE, TWO);
	fx.conf.first_start = FIRST_ALL;
	assert_backlog("moved/" DAY "0001.csv 0+%zu new, live/" DAY "0002.csv 0+%zu new", ONE, TWO);
	agent_was_here();
	fx.conf.first_start = FIRST_NOW;
	assert_backlog("moved/" DAY "0001.csv 0+%zu new, live/" DAY "0002.csv 0+%zu new", ONE, TWO);
}

static void test_an_unread_file_that_was_deleted_is_lost(void **state)
{
	(void)state;
	agent_was_here();
	settled("live/" DAY "0001.csv", HEADER ROW_1 ROW_2, 1);
	assert_int_equal(unlink(temp_path("live/" DAY "0001.csv")), 0);
	assert_backlog("-" DAY "0001.csv %zu+0 lost", ONE);
	/* If a folder cannot be read, the file may be in it. */
	set_source(0, "first", "live/b.csv", "missing");
	assert_backlog("-" DAY "0001.csv %zu+%zu", ONE, ROW_LEN);
}

static void test_a_file_shortened_by_a_crash_continues_at_an_older_row(void **state)
{
	(void)state;
	agent_was_here();
	char long_row[LADDER_STEP + 64];
	char text[sizeof(long_row) + 256];
	memset(long_row, 'x', sizeof(long_row));
	memcpy(long_row, "b,", 2);
	(void)snprintf(long_row + sizeof(long_row) - 2, 2, "\n");
	(void)snprintf(text, sizeof(text), HEADER ROW_1 "%s", long_row);
	fx.conf.record_max = 2 * LADDER_STEP;
	settled("live/" DAY "0001.csv", text, 2);
	temp_rewrite("live/" DAY "0001.csv", HEADER ROW_1 ROW_2);
	assert_backlog("live/" DAY "0001.csv %zu+0", strlen(text)); /* it may be restored */
	temp_age("live/" DAY "0001.csv");
	assert_backlog("live/" DAY "0001.csv %zu+%zu", ONE, ROW_LEN);
}

static void test_without_a_store_first_start_decides(void **state)
{
	(void)state;
	temp_rewrite("moved/" DAY "0001.csv", HEADER ROW_1);
	fx.store = store_close(fx.store);
	fx.conf.first_start = FIRST_ALL;
	assert_backlog("moved/" DAY "0001.csv 0+%zu new", ONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_the_backlog_of_files_after_a_stop),
	        TEST(test_a_file_renamed_meanwhile_has_its_size_of_now),
	        TEST(test_an_inode_that_is_used_again_is_another_file),
	        TEST(test_a_second_path_is_left_out),
	        TEST(test_a_gz_counts_as_a_whole_until_all_of_it_is_settled),
	        TEST(test_an_unfinished_gz_is_no_additional_file),
	        TEST(test_first_start_has_yet_to_decide),
	        TEST(test_an_unread_file_that_was_deleted_is_lost),
	        TEST(test_a_file_shortened_by_a_crash_continues_at_an_older_row),
	        TEST(test_without_a_store_first_start_decides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
