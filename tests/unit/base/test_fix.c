/*
 * test_fix.c - fix.h: commands can be pasted whatever the names in them are.
 */
#include "tests/unit/temp.h"

#include "base/fix.h"
#include "base/shell.h"

static const char *const names[][2] = {
        {"/var/log/pmta/x.csv", "/var/log/pmta/x.csv"},
        {"two words", "'two words'"},
        {"it's", "'it'\\''s'"},
        {"$HOME;`id`", "'$HOME;`id`'"},
        {"", "''"},
        {"a\nb'c\\d", "$'a\\012b\\047c\\134d'"},
};

static void test_arguments_are_quoted_if_necessary(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *quoted = shell_quoted(names[i][0]);
		assert_string_equal(quoted, names[i][1]);
		free(quoted);
	}
}

/* bash reads each argument as it was. */
static void test_a_shell_reads_what_was_quoted(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct fix fix, bash;
		char got[64] = "";
		(void)fix_command(&fix, "printf %s %s", "%s", names[i][0]);
		assert_null(strchr(fix.text, '\n'));
		(void)fix_command(&bash, "bash -c %s", fix.text);
		FILE *f = popen(bash.text, "r");
		assert_non_null(f);
		got[fread(got, 1, sizeof(got) - 1, f)] = '\0';
		assert_int_equal(pclose(f), 0);
		assert_string_equal(got, names[i][0]);
	}
}

static void test_half_a_command_is_none(void **state)
{
	(void)state;
	static char argument[FIX_MAX];
	struct fix fix;
	memset(argument, 'x', sizeof(argument) - 1);
	assert_string_equal(fix_command(&fix, "rm -r %s", argument), "");
	assert_string_equal(fix_add(&fix, " more"), "");
	assert_string_equal(fix_line(&fix, "x%s", argument), "");
	assert_string_equal(fix_command(&fix, "chmod o= %s", "a b"), "chmod o= 'a b'");
	assert_string_equal(fix_add(&fix, " && x %s", "c"), "chmod o= 'a b' && x c");
	assert_string_equal(fix_add(&fix, " %s", argument), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_arguments_are_quoted_if_necessary),
	        cmocka_unit_test(test_a_shell_reads_what_was_quoted),
	        cmocka_unit_test(test_half_a_command_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
