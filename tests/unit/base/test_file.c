/*
 * test_file.c - file.h: a small file, read whole.
 */
#include "tests/unit/temp.h"

#include "base/file.h"

static void expect(const char *name, size_t max, int rc, const char *want)
{
	char *text = NULL;
	size_t len = 99;
	assert_int_equal(file_read(temp_path(name), max, &text, &len), rc);
	if (rc >= 0) {
		assert_int_equal(len, strlen(want));
		assert_string_equal(text, want);
	} else {
		assert_null(text);
		assert_int_equal(len, 99);
	}
	free(text);
}

static void test_a_file_is_read_whole(UNUSED void **state)
{
	temp_append("f", "12345");
	temp_append("empty", "");
	expect("f", 100, 0, "12345");
	expect("f", 5, 0, "12345");
	expect("empty", 5, 0, "");
	expect("empty", 0, 0, "");
}

static void test_a_longer_one_is_cut(UNUSED void **state)
{
	temp_append("f", "12345");
	expect("f", 4, 1, "1234");
	expect("f", 0, 1, "");
}

static void test_paths_that_are_no_file(UNUSED void **state)
{
	assert_int_equal(mkdir(temp_path("dir"), 0700), 0);
	assert_int_equal(mkfifo(temp_path("pipe"), 0600), 0);
	expect("none", 9, -ENOENT, NULL);
	expect("dir", 9, -EISDIR, NULL);
	expect("pipe", 9, -EINVAL, NULL); /* at once, although nobody writes into it */
}

static void test_only_a_regular_file_is_opened_and_at_once(UNUSED void **state)
{
	int fds[2];
	char name[32];
	temp_append("f", "1");
	assert_int_equal(mkdir(temp_path("dir"), 0700), 0);
	assert_int_equal(mkfifo(temp_path("pipe"), 0600), 0);
	assert_int_equal(file_open(temp_path("none")), -ENOENT);
	assert_int_equal(file_open(temp_path("dir")), -EISDIR);
	assert_int_equal(file_open(temp_path("pipe")), -EMEDIUMTYPE);
	assert_int_equal(file_open_stream(temp_path("pipe")), -EMEDIUMTYPE);
	assert_int_equal(file_open("/dev/zero"), -EMEDIUMTYPE);
	assert_string_equal(file_error(-EMEDIUMTYPE), "not a regular file");
	assert_int_equal(symlink("f", temp_path("link")), 0);
	int fd = file_open(temp_path("link"));
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(pipe(fds), 0);
	(void)snprintf(name, sizeof(name), "/dev/fd/%d", fds[0]);
	assert_int_equal(file_open(name), -EMEDIUMTYPE);
	fd = file_open_stream(name);
	assert_true(fd >= 0);
	assert_int_equal(close(fd) | close(fds[0]) | close(fds[1]), 0);
}

static void test_a_pipe_is_read_to_its_end(UNUSED void **state)
{
	static char all[40000];
	char *text;
	size_t len;
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	memset(all, 'x', sizeof(all));
	assert_int_equal(write(fds[1], all, sizeof(all)), sizeof(all));
	assert_int_equal(close(fds[1]), 0);
	assert_int_equal(file_read_fd(fds[0], 100000, &text, &len), 0);
	assert_int_equal(close(fds[0]), 0);
	assert_int_equal(len, sizeof(all));
	assert_memory_equal(text, all, sizeof(all));
	free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_a_file_is_read_whole),
	        TEST(test_a_longer_one_is_cut),
	        TEST(test_paths_that_are_no_file),
	        TEST(test_only_a_regular_file_is_opened_and_at_once),
	        TEST(test_a_pipe_is_read_to_its_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
