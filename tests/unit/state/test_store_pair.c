/*
 * test_store_pair.c - store_pair.h: a database and a log that belong to different runs.
 */
#include "tests/unit/state/rig.h"

#include <signal.h>
#include <sys/wait.h>

#include "state/store_pair.h"

static void put(int64_t value)
{
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_put(s, "scope", "n", value), 0);
	assert_int_equal(store_commit(s, 0), 0);
}

/* Another process opens the store, writes the value, and is killed: its log stays. */
static void killed_after(int64_t value, bool long_log)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		char text[8000];
		memset(text, 'x', sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		open_store();
		for (int i = 0; long_log && i < 700; i++) { /* more than a checkpoint needs */
			assert_int_equal(store_begin(s), 0);
			assert_int_equal(store_put_text(s, "text", "t", text), 0);
			assert_int_equal(store_commit(s, 0), 0);
		}
		put(value);
		(void)raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void opens_with(int64_t value)
{
	int64_t got;
	open_store();
	assert_int_equal(store_get(s, "scope", "n", -1, &got), 0);
	assert_int_equal(got, value);
	s = store_close(s);
}

static void copy(const char *from, const char *to)
{
	static char data[1 << 20];
	int fd = open(temp_path(from), O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, data, sizeof(data));
	(void)close(fd);
	assert_in_range(n, 1, sizeof(data) - 1);
	(void)unlink(temp_path(to));
	temp_put(to, O_TRUNC, data, (size_t)n);
}

static void test_every_kill_leaves_a_pair(UNUSED void **state)
{
	for (int i = 0; i < 12; i++) {
		killed_after(i, i % 3 == 0);
		if (i % 2 == 0)
			opens_with(i);
	}
	opens_with(11);
}

static void test_an_older_store_beside_a_newer_log_is_refused(UNUSED void **state)
{
	killed_after(1, false);
	opens_with(1);
	copy("state/state.db", "backup");
	killed_after(2, true);
	killed_after(3, true);
	copy("state/state.db", "right");
	copy("backup", "state/state.db");
	(void)unlink(temp_path("state/state.db-shm"));
	assert_int_equal(store_open(&s, dir(), "state", &open_err), -ESTALE);
	assert_non_null(strstr(open_err.text, "are not of the same run"));
	copy("right", "state/state.db"); /* the refusal has changed nothing */
	opens_with(3);
}

static void test_an_older_store_alone_is_accepted(UNUSED void **state)
{
	killed_after(1, false);
	opens_with(1);
	copy("state/state.db", "backup");
	killed_after(2, true);
	killed_after(3, true);
	copy("backup", "state/state.db");
	(void)unlink(temp_path("state/state.db-shm"));
	assert_int_equal(unlink(temp_path("state/state.db-wal")), 0);
	opens_with(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_every_kill_leaves_a_pair),
	        TEST(test_an_older_store_beside_a_newer_log_is_refused),
	        TEST(test_an_older_store_alone_is_accepted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
