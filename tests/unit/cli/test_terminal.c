/* test_terminal.c - terminal.h: marks become colours; the words stay. */
#include "tests/unit/temp.h"

#include "base/paint.h"
#include "cli/terminal.h"

static void expect_painted(const char *text, const char *want)
{
	char *got;
	size_t len;
	FILE *f = open_memstream(&got, &len);
	assert_non_null(f);
	terminal_paint(f, text);
	assert_int_equal(fclose(f), 0);
	assert_string_equal(got, want);
	free(got);
}

static void test_marks_become_colours(void **state)
{
	(void)state;
	expect_painted("a " PAINT_GOOD "ok" PAINT_END " b\n", "a \x1b[32mok\x1b[0m b\n");
	expect_painted(PAINT_WARNING "w" PAINT_END PAINT_PROBLEM "p" PAINT_END,
	               "\x1b[33mw\x1b[0m\x1b[1;31mp\x1b[0m");
	expect_painted("cut off " PAINT_PROBLEM "in", "cut off \x1b[1;31min\x1b[0m");
}

static void test_words_are_words(void **state)
{
	(void)state;
	static const char text[] = "endpoint PROBLEM: ok\n  PROBLEM: held\n";
	expect_painted(text, text);
	expect_painted("", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_marks_become_colours),
	        cmocka_unit_test(test_words_are_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
