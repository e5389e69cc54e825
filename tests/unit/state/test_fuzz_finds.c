/*
 * test_fuzz_finds.c - faults that the fuzzers found; their inputs are in tests/fuzz/corpus.
 */
#include "tests/unit/temp.h"

#include "state/store.h"

static size_t slurp(const char *name, char *ret, size_t size)
{
	int fd = open(temp_path(name), O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, ret, size);
	(void)close(fd);
	return n < 0 ? 0 : (size_t)n;
}

/* A refused store is left unchanged, and the message names the fault. */
static void test_corrupt_store_is_left_alone(void **state)
{
	(void)state;
	static char before[1 << 18], after[1 << 18];
	struct store *s;
	struct err err = {0};
	assert_int_equal(store_open(&s, temp_dir, "state", &err), 0);
	(void)store_close(s);
	size_t len = slurp("state.db", before, sizeof(before));
	before[18] = before[19] = 1;  /* no write-ahead log: turning it on would write */
	memset(before + 32, 0x66, 8); /* the list of free pages */
	temp_rewrite("state.db", "");
	temp_put("state.db", O_TRUNC, before, len);
	assert_int_equal(store_open(&s, temp_dir, "state", &err), -EUCLEAN);
	assert_null(strchr(err.text, '\n'));
	assert_non_null(strstr(err.text, "corrupt ("));
	assert_null(strstr(err.text, "not an error"));
	assert_int_equal(slurp("state.db", after, sizeof(after)), len);
	assert_memory_equal(before, after, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_corrupt_store_is_left_alone, temp_setup,
	                                        temp_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
