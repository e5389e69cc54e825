/*
 * test_store.c - store.h: all or nothing, one writer, no silent restart.
 */
#include "tests/unit/state/rig.h"

#include <sys/wait.h>

#include "state/sql.h"
#include "state/store_impl.h"

static int64_t get(const char *name)
{
	int64_t value;
	assert_int_equal(store_get(s, "scope", name, -1, &value), 0);
	return value;
}

static void test_new_store_is_for_its_owner_alone(void **state)
{
	(void)state;
	struct stat st;
	open_store();
	assert_int_equal(stat(dir(), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(temp_path("state/state.db"), &st), 0);
	assert_int_equal(st.st_mode & 0077, 0);
	assert_int_equal(stat(temp_path("state/state.lock"), &st), 0);
	assert_int_equal(st.st_mode & 0077, 0);
}

static void test_values_are_kept(void **state)
{
	(void)state;
	char text[32];
	open_store();
	assert_int_equal(get("n"), -1);
	assert_int_equal(store_put(s, "scope", "n", 5), 0);
	assert_int_equal(store_put(s, "scope", "n", INT64_MAX), 0);
	assert_int_equal(store_put(s, "other", "n", 7), 0);
	assert_int_equal(store_put_text(s, "scope", "t", "words"), 0);
	s = store_close(s);
	open_store();
	assert_true(get("n") == INT64_MAX);
	assert_int_equal(store_get_text(s, "scope", "t", text, sizeof(text)), 0);
	assert_string_equal(text, "words");
	assert_int_equal(store_get_text(s, "scope", "none", text, sizeof(text)), 0);
	assert_string_equal(text, "");
}

static void write_some(void)
{
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_put(s, "scope", "a", 1), 0);
	assert_int_equal(store_put(s, "scope", "b", 2), 0);
}

static void test_a_transaction_is_there_whole_or_not_at_all(void **state)
{
	(void)state;
	open_store();
	write_some();
	store_rollback(s);
	assert_int_equal(get("a"), -1);
	write_some();
	s = store_close(s); /* not committed */
	open_store();
	assert_int_equal(get("a"), -1);
	write_some();
	assert_int_equal(store_commit(s, 0), 0);
	assert_int_equal(get("a"), 1);
	store_rollback(s); /* nothing to roll back */
	assert_int_equal(get("b"), 2);
}

static void die_with_a_store(bool commit)
{
	open_store();
	write_some();
	if (commit && store_commit(s, 5) == 0)
		_exit(0);
	_exit(commit);
}

static void kill_one(bool commit)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		die_with_a_store(commit);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_a_commit_survives_the_end_of_the_process(void **state)
{
	(void)state;
	kill_one(false);
	open_store();
	assert_int_equal(get("a"), -1);
	s = store_close(s);
	kill_one(true);
	open_store();
	assert_int_equal(get("a"), 1);
	assert_int_equal(get("b"), 2);
}

static void test_commits_at_all_times_whether_synced_or_not(void **state)
{
	(void)state;
	open_store();
	static const int64_t times[] = {0, 1, 999, 1000, 1001, 5000, 5001, 400, 6000, 7000};
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		assert_int_equal(store_begin(s), 0);
		assert_int_equal(store_put(s, "scope", "i", (int64_t)i), 0);
		assert_int_equal(store_commit(s, times[i]), 0);
		assert_int_equal(get("i"), i);
	}
}

static int64_t synchronous(void)
{
	int64_t mode;
	assert_int_equal(sql_number(store_sql(s), "PRAGMA synchronous", 0, &mode), 0);
	return mode;
}

/* SQLite calls this function instead of libc's: it simulates a slow disk. */
static unsigned disk_ms;
int fdatasync(int fd)
{
	(void)fd;
	return usleep(disk_ms * 1000);
}

static void commit_at(int64_t now_ms)
{
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_put(s, "scope", "t", now_ms), 0);
	assert_int_equal(store_commit(s, now_ms), 0);
}

static void test_one_commit_a_second_is_synced(void **state)
{
	(void)state;
	open_store();
	commit_at(10000); /* long after the last: the next one is synced */
	assert_int_equal(synchronous(), 2);
	commit_at(10010);
	assert_int_equal(synchronous(), 1);
	commit_at(10500);
	commit_at(11000);
	assert_int_equal(synchronous(), 1);
	commit_at(11010);
	assert_int_equal(synchronous(), 2);
	commit_at(11020);
	assert_int_equal(synchronous(), 1);
}

static void test_a_slow_disk_is_synced_a_tenth_of_the_time(void **state)
{
	(void)state;
	open_store();
	commit_at(10000);
	disk_ms = 300;
	commit_at(10010);
	disk_ms = 0;
	assert_int_equal(synchronous(), 1);
	commit_at(12900); /* once a second would be twice so far */
	assert_int_equal(synchronous(), 1);
	commit_at(10010 + 3600000);
	assert_int_equal(synchronous(), 2);
	commit_at(10020 + 3600000);
	assert_int_equal(synchronous(), 1);
}

static void test_only_one_process_writes(void **state)
{
	(void)state;
	struct store *other = NULL;
	open_store();
	assert_int_equal(store_open(&other, dir(), "state", &open_err), -EBUSY);
	assert_non_null(strstr(open_err.text, "in use by another pmta-shipper"));
	assert_null(other);
	assert_int_equal(store_open(&other, dir(), "dry-run", &open_err), 0);
	(void)store_close(other);
	s = store_close(s);
	open_store();
}

static void test_others_read_while_the_writer_has_it_open(void **state)
{
	(void)state;
	struct store *reader = NULL;
	int64_t value;
	assert_int_equal(store_open_reader(&reader, dir(), &open_err), -ENOENT);
	open_store();
	assert_int_equal(store_put(s, "scope", "n", 5), 0);
	assert_int_equal(store_open_reader(&reader, dir(), &open_err), 0);
	assert_int_equal(store_get(reader, "scope", "n", -1, &value), 0);
	assert_int_equal(value, 5);
	assert_int_not_equal(store_put(reader, "scope", "n", 6), 0);
	assert_int_equal(store_put(s, "scope", "n", 7), 0);
	assert_int_equal(store_get(reader, "scope", "n", -1, &value), 0);
	assert_int_equal(value, 7);
	(void)store_close(reader);
}

/* ---- stores that are refused ---- */

static void expect_refused(int want, const char *words)
{
	int rc = store_open(&s, dir(), "state", &open_err);
	assert_int_equal(rc, want);
	if (!strstr(open_err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", open_err.text, words);
	assert_int_equal(open_err.code, want);
	struct store *reader = NULL;
	assert_int_equal(store_open_reader(&reader, dir(), &open_err), want);
}

static void test_a_reader_leaves_the_descriptors_of_others_alone(void **state)
{
	(void)state;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(dup2(null, STDIN_FILENO), STDIN_FILENO); /* it may be closed */
	open_store();
	s = store_close(s);
	assert_int_equal(store_open_reader(&s, dir(), &open_err), 0);
	s = store_close(s);
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
	if (null != STDIN_FILENO)
		(void)close(null);
}

static void test_a_state_dir_may_be_behind_a_link(void **state)
{
	(void)state;
	assert_int_equal(mkdir(dir(), 0700), 0);
	assert_int_equal(symlink("state", temp_path("link")), 0);
	if (store_open(&s, temp_path("link"), "state", &open_err) < 0)
		fail_msg("%s", open_err.text);
}

static void test_a_newer_store_is_refused(void **state)
{
	(void)state;
	open_store();
	assert_int_equal(sql_script(store_sql(s), "PRAGMA user_version = 99"), 0);
	s = store_close(s);
	expect_refused(-ENOTSUP, "has version 99");
}

static void test_another_database_is_refused(void **state)
{
	(void)state;
	open_store();
	assert_int_equal(sql_script(store_sql(s), "PRAGMA user_version = 0"), 0);
	s = store_close(s);
	expect_refused(-EUCLEAN, "is not a pmta-shipper store");
}

/* A first start on a full disk leaves an empty file; nobody has to move it away. */
static void test_an_empty_store_file_counts_as_no_store(void **state)
{
	(void)state;
	struct store *reader = NULL;
	open_store();
	s = store_close(s);
	assert_int_equal(truncate(temp_path("state/state.db"), 0), 0);
	assert_int_equal(store_open_reader(&reader, dir(), &open_err), -ENOENT);
	assert_non_null(strstr(open_err.text, "is empty"));
	open_store();
}

static void test_a_file_that_is_no_database_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mkdir(dir(), 0700), 0);
	static char text[8192];
	memset(text, 'x', sizeof(text));
	temp_put("state/state.db", O_TRUNC, text, sizeof(text));
	expect_refused(-EUCLEAN, "is corrupt");
	struct stat st;
	assert_int_equal(stat(temp_path("state/state.db"), &st), 0);
	assert_int_equal(st.st_size, sizeof(text)); /* and left unchanged */
}

static void fill(void)
{
	char name[32];
	assert_int_equal(store_begin(s), 0);
	for (int i = 0; i < 2000; i++) {
		(void)snprintf(name, sizeof(name), "name %d", i);
		assert_int_equal(store_put_text(s, "scope", name, "some text of some length"), 0);
	}
	assert_int_equal(store_commit(s, 0), 0);
}

static void test_a_damaged_store_is_refused(void **state)
{
	(void)state;
	open_store();
	fill();
	s = store_close(s);
	int fd = open(temp_path("state/state.db"), O_WRONLY | O_CLOEXEC);
	char junk[4096 * 4];
	memset(junk, 0x5a, sizeof(junk));
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 4096 * 6), sizeof(junk));
	(void)close(fd);
	int rc = store_open(&s, dir(), "state", &open_err);
	assert_int_equal(rc, -EUCLEAN);
	assert_non_null(strstr(open_err.text, "restore it from a backup"));
}

static void test_a_link_in_place_of_the_store_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mkdir(dir(), 0700), 0);
	assert_int_equal(symlink(temp_path("elsewhere"), temp_path("state/state.db")), 0);
	assert_true(store_open(&s, dir(), "state", &open_err) < 0);
	assert_int_equal(access(temp_path("elsewhere"), F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_new_store_is_for_its_owner_alone),
	        TEST(test_values_are_kept),
	        TEST(test_a_transaction_is_there_whole_or_not_at_all),
	        TEST(test_a_commit_survives_the_end_of_the_process),
	        TEST(test_commits_at_all_times_whether_synced_or_not),
	        TEST(test_one_commit_a_second_is_synced),
	        TEST(test_a_slow_disk_is_synced_a_tenth_of_the_time),
	        TEST(test_only_one_process_writes),
	        TEST(test_others_read_while_the_writer_has_it_open),
	        TEST(test_a_reader_leaves_the_descriptors_of_others_alone),
	        TEST(test_a_state_dir_may_be_behind_a_link),
	        TEST(test_a_newer_store_is_refused),
	        TEST(test_another_database_is_refused),
	        TEST(test_a_file_that_is_no_database_is_refused),
	        TEST(test_an_empty_store_file_counts_as_no_store),
	        TEST(test_a_damaged_store_is_refused),
	        TEST(test_a_link_in_place_of_the_store_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
