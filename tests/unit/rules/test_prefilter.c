/*
 * test_prefilter.c - prefilter.h: exactly the literals that occur are found.
 */
#include "tests/unit/temp.h"

#include "rules/prefilter.h"

#define MOST 60

static char texts[MOST][40];
static struct slice literals[MOST];

static void random_text(char *ret, size_t most)
{
	size_t len = 1 + temp_random((unsigned)most);
	for (size_t i = 0; i < len; i++)
		ret[i] = "ab 5.\xff"[temp_random(6)];
	ret[len] = '\0';
}

static bool known(size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(texts[i], texts[n]) == 0)
			return true;
	return false;
}

static size_t random_literals(void)
{
	size_t n = 0, want = 1 + temp_random(MOST - 1);
	for (int tries = 0; n < want && tries < 1000; tries++) {
		random_text(texts[n], temp_random(4) ? 6 : 38);
		if (known(n))
			continue;
		literals[n] = slice_of(texts[n]);
		n++;
	}
	return n;
}

static void test_all_that_occurs_is_found_and_nothing_else(void **state)
{
	(void)state;
	for (int round = 0; round < 400; round++) {
		struct prefilter *p;
		struct hits h;
		size_t n = random_literals();
		assert_int_equal(prefilter_new(&p, literals, n), 0);
		assert_int_equal(hits_new(&h, p), 0);
		for (int i = 0; i < 30; i++) {
			char text[128], part[64];
			random_text(text, 60);
			random_text(part, 10);
			if (temp_random(2)) { /* so that long ones occur, too */
				strcat(text, texts[temp_random((unsigned)n)]);
				strcat(text, part);
			}
			hits_begin(&h);
			prefilter_scan(p, slice_of(text), &h);
			size_t found = 0;
			for (size_t k = 0; k < n; k++) {
				bool there = strstr(text, texts[k]) != NULL;
				assert_int_equal(hits_has(&h, (uint32_t)k), there);
				found += there;
			}
			assert_int_equal(h.n, found);
		}
		hits_clear(&h);
		(void)prefilter_free(p);
	}
}

static void test_without_literals_nothing_is_found(void **state)
{
	(void)state;
	struct prefilter *p;
	struct hits h;
	assert_int_equal(prefilter_new(&p, literals, 0), 0);
	assert_int_equal(hits_new(&h, p), 0);
	hits_begin(&h);
	prefilter_scan(p, slice_of("abc"), &h);
	assert_int_equal(h.n, 0);
	hits_clear(&h);
	(void)prefilter_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_all_that_occurs_is_found_and_nothing_else),
	        cmocka_unit_test(test_without_literals_nothing_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
