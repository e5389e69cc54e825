/*
 * test_mask.c - mask.h: no local part of an address is shown.
 */
#include "tests/unit/temp.h"

#include "base/mask.h"

static void expect(const char *text, const char *want)
{
	size_t len = strlen(text);
	char *got = malloc(3 * len + 4); /* exactly the size that is promised to be enough */
	size_t n = mask_addresses(text, len, got);
	if (n != strlen(want) || memcmp(got, want, n) != 0)
		fail_msg("\"%s\" became \"%.*s\"", text, (int)n, got);
	free(got);
}

static void test_addresses_are_masked(void **state)
{
	(void)state;
	expect("john.doe@example.org", "j***@example.org");
	expect("to <a@b.c>, x+y=z@d.e: no", "to <a***@b.c>, x***@d.e: no");
	expect("j\xc3\xb6rg@b\xc3\xbc"
	       "cher.de",
	       "j***@b\xc3\xbc"
	       "cher.de");
	expect("a@[192.0.2.1]", "a***@[192.0.2.1]");
	expect("to \"jane doe\"@b.c", "to \"***\"@b.c");
	expect("\"a\"@b \"\"@c", "\"***\"@b \"***\"@c");
}

static void test_all_else_stays(void **state)
{
	(void)state;
	expect("", "");
	expect("550 5.1.1 no such user", "550 5.1.1 no such user");
	expect("@", "@");
	expect("@b.c a@ b", "@b.c a@ b");
}

static void test_random_text_stays_within_bounds(void **state)
{
	(void)state;
	char text[41];
	for (int round = 0; round < 20000; round++) {
		size_t len = temp_random(40);
		for (size_t i = 0; i < len; i++)
			text[i] = "a@. <"[temp_random(5)];
		char *got = malloc(3 * len + 4);
		assert_true(mask_addresses(text, len, got) <= 3 * len + 4);
		free(got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_addresses_are_masked),
	        cmocka_unit_test(test_all_else_stays),
	        cmocka_unit_test(test_random_text_stays_within_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
