/*
 * test_fuzz_finds.c - faults that the fuzzers found; their inputs are in tests/fuzz/corpus.
 */
#include "tests/unit/temp.h"

#include "logstash/sincedb.h"
#include "logstash/translate.h"

/* Text after a NUL is not ignored, and a NUL does not cut a number. */
static void test_sincedb_with_nul_is_refused_at_its_line(void **state)
{
	(void)state;
	static const char *const texts[] = {"12 0 5 9 1 /a\n\0\0\0\0",
	                                    "12 0 5 9\n12 0 5 34\0 1 /a\n", "12 0 5 9\n\n"};
	static const size_t lens[] = {18, 25, 10};
	for (size_t i = 0; i < 3; i++) {
		struct sincedb db = {0};
		struct err err = {0};
		temp_put("sincedb", O_TRUNC, texts[i], lens[i]);
		assert_int_equal(sincedb_load(&db, temp_path("sincedb"), &err),
		                 i < 2 ? -EINVAL : 0);
		assert_true(i == 2 || strstr(err.text, "sincedb\":2: "));
		sincedb_free(&db);
	}
}

static void test_pipeline_brackets_match(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
	} wrong[] = {
	        {"input { file { { } }\n", ":2: the name of a plugin or '}' is missing"},
	        {"input { file { path => [ \"/a\" { ] } }\n", ":1: '}' is missing"},
	        {"input { file { path => [ \"/a\" } }\n", ":1: ']' is missing"},
	        {"filter { if } { drop { } }\n", ":1: '{' is missing after 'if'"},
	        {"filter { if [a { drop { } }\n", ":2: ']' is missing"},
	        {"filter {\nif [a] =~ /x\\\ny/ { drop { }\n",
	         ":4: the name of a plugin or '}' is missing"},
	};
	static const char right[] =
	        "filter { if [a][b] =~ /[{]/ { x { y => [[\"a\"], [\"b\", {\"c\" => 1}]] "
	        "{ z } } } }";
	struct pipeline p;
	struct err err = {0};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(pipeline_parse(&p, "p", wrong[i].text, &err), -EINVAL);
		if (!strstr(err.text, wrong[i].message))
			fail_msg("%s: %s", wrong[i].text, err.text);
		pipeline_free(&p);
	}
	assert_int_equal(pipeline_parse(&p, "p", right, &err), 0);
	assert_int_equal(p.n, 5);
	pipeline_free(&p);
	temp_put("p", O_TRUNC, "input { }\n\0output {", 19);
	assert_int_equal(pipeline_load(&p, temp_path("p"), &err), -EILSEQ);
	pipeline_free(&p);
}

/* The configuration, and the notes after it. */
static char *translated(const char *text)
{
	struct pipeline p;
	struct err err = {0};
	char *made = NULL, *notes = NULL, *positions = NULL, *both = NULL;
	size_t len;
	assert_int_equal(pipeline_parse(&p, "p", text, &err), 0);
	struct translation t = {.p = &p, .signature_file = "/no/s", .token_file = "/no/t"};
	t.out = open_memstream(&made, &len);
	t.notes = open_memstream(&notes, &len);
	t.positions = open_memstream(&positions, &len);
	assert_true(t.out && t.notes && t.positions);
	translate(&t);
	(void)fclose(t.out);
	(void)fclose(t.notes);
	(void)fclose(t.positions);
	pipeline_free(&p);
	assert_true(asprintf(&both, "%s%s", made, notes) >= 0);
	free(made);
	free(notes);
	free(positions);
	return both;
}

static void has(const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("no %s in:\n%s", wanted, text);
}

#define LONG_NAME "a_name_that_is_longer_than_what_a_source_may_be_called"

/* Each path is unchanged in the configuration, or in a note. */
static void test_translation_loses_no_path(void **state)
{
	(void)state;
	char *got = translated(
	        "input { file { path => [\"/a/b.csv\", \"/a/m/b.csv\", \"/a/n/b.csv\"] } }");
	has(got, "move-to = \"/a/m/\"");
	has(got, "path '/a/n/b.csv' is not carried over");
	free(got);
	got = translated("input { file { path => [\"/a/" LONG_NAME
	                 ".csv\", \"/a/b.longextension123\", "
	                 "\"/a/{b,c}-{d,e}.csv\"] } }");
	assert_null(strstr(got, "\nsource "));
	has(got, "path '/a/" LONG_NAME ".csv' is not carried over");
	has(got, "path '/a/b.longextension123' is not carried over");
	has(got, "path '/a/b-{d,e}.csv' is not carried over");
	has(got, "path '/a/c-{d,e}.csv' is not carried over");
	free(got);
}

static void test_translation_gives_each_source_a_name_of_its_own(void **state)
{
	(void)state;
	char *got = translated(
	        "input { file { path => [\"/a/x_3.csv\", \"/a/x.csv\", \"/b/x.csv\", "
	        "\"/a/x-3.csv\"] } }");
	has(got, "\nsource x_3 {\n\tacct-file = \"/a/x_3.csv\"");
	has(got, "\nsource x {\n\tacct-file = \"/a/x.csv\"");
	has(got, "\nsource x_4 {\n\tacct-file = \"/b/x.csv\"");
	has(got, "\nsource x_3_4 {\n\tacct-file = \"/a/x-3.csv\"");
	free(got);
}

static void test_translation_changes_no_value_and_shows_no_secret(void **state)
{
	(void)state;
	char text[7000], url[2100], *got;
	got = translated("output { http { proxy => { password => \"hush\" host => \"p\" } url => "
	                 "\"https://h/a\tb\" } } "
	                 "filter { mutate { add_field => [\"password\", \"hush\"] } }");
	assert_null(strstr(got, "hush"));
	assert_null(strstr(got, "proxy ="));
	has(got, "proxy is not carried over");
	has(got, "url = \"https://h/a\\x09b\"");
	has(got, "add_field of mutate is not added");
	free(got);
	(void)snprintf(url, sizeof(url), "https://h/%02080d", 0);
	(void)snprintf(text, sizeof(text),
	               "output { http { url => \"%s\" headers => { \"a\" => \"%s%s\" "
	               "\"%0130d-Token\" => \"hush\" } } }",
	               url, url, url, 0);
	got = translated(text);
	assert_null(strstr(got, "hush"));
	has(got, "url = \"\"");
	has(got, "url is not carried over: it is longer");
	has(got, "header a is not carried over: it is longer");
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_sincedb_with_nul_is_refused_at_its_line,
	                                        temp_setup, temp_teardown),
	        cmocka_unit_test_setup_teardown(test_pipeline_brackets_match, temp_setup,
	                                        temp_teardown),
	        cmocka_unit_test(test_translation_loses_no_path),
	        cmocka_unit_test(test_translation_gives_each_source_a_name_of_its_own),
	        cmocka_unit_test(test_translation_changes_no_value_and_shows_no_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
