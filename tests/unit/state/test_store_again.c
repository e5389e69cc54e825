/*
 * test_store_again.c - store_look(): files of the store that are deleted, moved or replaced under
 * the process that writes it.
 */
#include "tests/unit/state/rig.h"

#include <sys/wait.h>

static struct err what;

static int64_t get(const char *name)
{
	int64_t value;
	assert_int_equal(store_get(s, "scope", name, -1, &value), 0);
	return value;
}

static void put(const char *name, int64_t value)
{
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_put(s, "scope", name, value), 0);
	assert_int_equal(store_commit(s, 0), 0);
}

static void open_with(int64_t value)
{
	open_store();
	put("n", value);
	assert_int_equal(store_look(s, &what), 0);
}

/* Another process finds this value at the path, as it would after a kill of this one. */
static void found_there(const char *name, int64_t value)
{
	pid_t child = fork();
	if (child == 0) {
		struct store *r;
		int64_t got = -2;
		bool good = store_open_reader(&r, dir(), &what) == 0 &&
		            store_get(r, "scope", name, -1, &got) == 0 && got == value;
		_exit(good ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void test_each_file_that_is_deleted_is_noticed_and_nothing_is_lost(UNUSED void **state)
{
	const char *const files[] = {"state/state.db", "state/state.db-wal", "state/state.db-shm",
	                             "state/state.lock"};
	open_with(1);
	for (size_t i = 0; i < 4; i++) {
		put("i", (int64_t)i);
		assert_int_equal(unlink(temp_path(files[i])), 0);
		put("n", (int64_t)(10 + i));
		assert_int_equal(store_look(s, &what), 1);
		assert_non_null(strstr(what.text, "nothing is lost"));
		assert_int_equal(store_look(s, &what), 0);
		found_there("n", (int64_t)(10 + i));
		found_there("i", (int64_t)i);
		assert_int_equal(get("n"), 10 + i);
	}
	s = store_close(s);
	open_store();
	assert_int_equal(get("n"), 13);
}

static void test_a_moved_store_is_written_again(UNUSED void **state)
{
	open_with(1);
	assert_int_equal(rename(temp_path("state/state.db"), temp_path("elsewhere")), 0);
	put("n", 2);
	assert_int_equal(store_look(s, &what), 1);
	found_there("n", 2);
}

static void test_a_store_put_in_its_place_is_kept_beside_it(UNUSED void **state)
{
	struct stat st;
	open_with(1);
	temp_rewrite("backup", "an older one");
	assert_int_equal(rename(temp_path("backup"), temp_path("state/state.db")), 0);
	assert_int_equal(store_look(s, &what), 1);
	assert_non_null(strstr(what.text, "state.db.replaced"));
	found_there("n", 1);
	assert_int_equal(stat(temp_path("state/state.db.replaced"), &st), 0);
	assert_int_equal(st.st_size, strlen("an older one"));
	assert_int_equal(stat(temp_path("state/state.db"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_a_folder_that_is_gone_is_made_again(UNUSED void **state)
{
	open_with(1);
	assert_int_equal(rename(dir(), temp_path("gone")), 0);
	put("n", 2);
	assert_int_equal(store_look(s, &what), 1);
	found_there("n", 2);
	s = store_close(s);
	open_store();
	assert_int_equal(get("n"), 2);
}

static void test_what_cannot_be_written_again_is_tried_again(UNUSED void **state)
{
	open_with(1);
	assert_int_equal(rename(dir(), temp_path("gone")), 0);
	temp_rewrite("state", "no folder");
	for (int i = 0; i < 3; i++)
		assert_true(store_look(s, &what) < 0);
	put("n", 2); /* in memory of this process, as it were */
	assert_int_equal(unlink(dir()), 0);
	assert_int_equal(store_look(s, &what), 1);
	found_there("n", 2);
}

static void test_a_store_that_another_process_has_taken_is_left_to_it(UNUSED void **state)
{
	struct store *other;
	open_with(1);
	assert_int_equal(rename(dir(), temp_path("gone")), 0);
	assert_int_equal(store_open(&other, dir(), "state", &what), 0);
	assert_int_equal(store_look(s, &what), -EBUSY);
	(void)store_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_each_file_that_is_deleted_is_noticed_and_nothing_is_lost),
	        TEST(test_a_moved_store_is_written_again),
	        TEST(test_a_store_put_in_its_place_is_kept_beside_it),
	        TEST(test_a_folder_that_is_gone_is_made_again),
	        TEST(test_what_cannot_be_written_again_is_tried_again),
	        TEST(test_a_store_that_another_process_has_taken_is_left_to_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
