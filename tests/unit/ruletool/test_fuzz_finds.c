/*
 * test_fuzz_finds.c - faults that the fuzzers found; their inputs are in tests/fuzz/corpus.
 */
#include "tests/unit/temp.h"

#include "ruletool/import_phplist.h"

/* Imports text; ret_out gets the rules, ret_notes the messages. */
static struct rules_import import(const char *text, char **ret_out, char **ret_notes)
{
	size_t out_len, notes_len;
	struct rules_import im = {.name = "x"};
	*ret_out = *ret_notes = NULL;
	im.out = open_memstream(ret_out, &out_len);
	im.notes = open_memstream(ret_notes, &notes_len);
	assert_true(im.out && im.notes);
	assert_int_equal(rules_import_phplist(&im, slice_of(text)), 0);
	(void)fclose(im.out);
	(void)fclose(im.notes);
	return im;
}

static void check_import(const char *text, const char *out, const char *note)
{
	char *got, *notes;
	struct rules_import im = import(text, &got, &notes);
	assert_int_equal(im.rules, *out != '\0');
	assert_string_equal(got, out);
	if (note)
		assert_non_null(strstr(notes, note));
	free(got);
	free(notes);
}

/* A cell of several lines must not add a line of its own to the file of rules. */
static void test_phplist_rule_is_one_line(void **state)
{
	(void)state;
	check_import("\"x\\\nUser unknown==>Hard\",deleteuser\n",
	             "/x\\nUser\\s+unknown==>Hard/ ==> hard action=deleteuser\n", NULL);
	check_import("a,\"deletebounce\nUser==>Hard\",1\n", "",
	             "x:1: not carried over: no valid phpList action");
}

static void test_a_lost_phplist_row_is_reported(void **state)
{
	(void)state;
	char text[2300], want[4400] = "/";
	check_import("\n\"a\",deleteuser,\"1\nb,deleteuser,2\n", "",
	             "x:2: not carried over: a quote is not closed");
	check_import("INSERT INTO t VALUES\n(1,'a','h','deleteu", "",
	             "x:2: not carried over: the row has no end");
	check_import("\nInsert into t set regex='a', action='deleteuser';\n", "",
	             "x:2: not carried over: no rows after INSERT INTO");
	check_import("\"#5.1.0 no\",deleteuser\n", "/#5.1.0\\s+no/ ==> hard action=deleteuser\n",
	             NULL);
	(void)snprintf(text, sizeof(text), "%02200d,deleteuser\n", 0);
	check_import(text, "", "x:1: not carried over: a regular expression of more than");
	(void)snprintf(text, sizeof(text), "%02099d,deleteuser\n", 0);
	for (size_t i = 0; i < 2099; i++) {
		text[i] = '/';
		memcpy(want + 1 + 2 * i, "\\/", 2);
	}
	(void)snprintf(want + 1 + 2 * 2099, 100, "/ ==> hard action=deleteuser\n");
	check_import(text, want, "1: has '/'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_phplist_rule_is_one_line),
	        cmocka_unit_test(test_a_lost_phplist_row_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
