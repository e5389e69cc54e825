/*
 * test_text.c - text.h: text that is printed into memory.
 */
#include "tests/unit/temp.h"

#include <dlfcn.h>

#include "base/text.h"

/* The number of calls of realloc() that succeed; this function replaces libc's. */
static size_t left = SIZE_MAX;

void *realloc(void *p, size_t size)
{
	static __typeof__(&realloc) libc;
	if (!libc)
		*(void **)&libc = dlsym(RTLD_NEXT, "realloc");
	if (left != SIZE_MAX && left-- == 0) {
		left = 0;
		return NULL;
	}
	return libc(p, size);
}

static void test_all_that_is_printed_is_there(void **state)
{
	struct text t;
	(void)state;
	FILE *f = text_begin(&t);
	assert_non_null(f);
	for (int i = 0; i < 10000; i++)
		(void)fprintf(f, "%d,", i % 10);
	(void)fputc('\0', f);
	(void)fputs("end", f);
	char *text = text_end(&t);
	assert_non_null(text);
	assert_int_equal(t.len, 20004);
	assert_memory_equal(text, "0,1,2,3,", 8);
	assert_string_equal(text + 20001, "end");
	free(text);
	assert_non_null(text_begin(&t));
	text = text_end(&t);
	assert_string_equal(text, "");
	assert_int_equal(t.len, 0);
	free(text);
}

static void test_a_hash_of_it(void **state)
{
	struct text t;
	struct hash128 h, want = hash_bytes("abc", 3);
	(void)state;
	(void)fputs("abc", text_begin(&t));
	assert_int_equal(text_hash(&t, &h), 0);
	assert_true(hash_equal(&h, &want));
}

/* glibc's memory streams cut the text without an error. */
static void test_without_memory_there_is_no_text(void **state)
{
	struct text t;
	struct hash128 h;
	(void)state;
	bool whole = false;
	for (size_t n = 0; !whole; n++) {
		assert_true(n < 20);
		FILE *f = text_begin(&t);
		assert_non_null(f);
		left = n;
		for (int i = 0; i < 10000; i++)
			(void)fprintf(f, "%d,", i % 10);
		left = SIZE_MAX; /* enough memory again */
		(void)fputs("end", f);
		char *text = text_end(&t);
		whole = text != NULL;
		assert_true(!whole || t.len == 20003);
		assert_true(!whole || n > 1);
		free(text);
	}
	t.f = NULL; /* as text_begin() leaves it without memory */
	assert_null(text_end(&t));
	assert_int_equal(text_hash(&t, &h), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_all_that_is_printed_is_there),
	        cmocka_unit_test(test_a_hash_of_it),
	        cmocka_unit_test(test_without_memory_there_is_no_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
