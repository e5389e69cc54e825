/*
 * test_json_writer.c - json_writer.h: commas, keys, escapes.
 */
#include "tests/unit/temp.h"

#include <cjson/cJSON.h>

#include "base/json_writer.h"

static char *text;
static size_t len;

static struct json_writer begin(void)
{
	FILE *f = open_memstream(&text, &len);
	assert_non_null(f);
	return (struct json_writer){.out = f};
}

static void expect(const struct json_writer *w, const char *want)
{
	assert_int_equal(fclose(w->out), 0);
	assert_string_equal(text, want);
	free(text);
}

static void test_members_elements_and_what_is_empty(void **state)
{
	(void)state;
	struct json_writer w = begin();
	json_open(&w, NULL, '{');
	json_string(&w, "a", "x");
	json_open(&w, "none", '[');
	json_close(&w, ']');
	json_open(&w, "list", '[');
	json_count(&w, NULL, UINT64_MAX);
	json_number(&w, NULL, -1);
	json_open(&w, NULL, '{');
	json_close(&w, '}');
	json_null(&w, NULL);
	json_close(&w, ']');
	json_decimal(&w, "d", 1.26, 1);
	json_bool(&w, "t", true);
	json_bool(&w, "f", false);
	json_close(&w, '}');
	expect(&w, "{\"a\":\"x\",\"none\":[],\"list\":[18446744073709551615,-1,{},null],"
	           "\"d\":1.3,\"t\":true,\"f\":false}");
}

static void test_lines(void **state)
{
	(void)state;
	struct json_writer w = begin();
	json_open(&w, NULL, '[');
	json_line(&w);
	json_count(&w, NULL, 1);
	json_line(&w);
	json_open(&w, NULL, '{');
	json_close(&w, '}');
	json_line(&w);
	json_close(&w, ']');
	expect(&w, "[\n1,\n{}\n]");
}

static void test_text_of_any_bytes(void **state)
{
	(void)state;
	struct json_writer w = begin();
	json_open(&w, NULL, '[');
	json_text(&w, NULL, (struct slice){"a\0b", 3});
	json_text(&w, NULL, slice_of("\"\\/\n\x1f\x7f \xc3\xbc\xf0\x9f\x98\x80"));
	json_text(&w, NULL, slice_of("\xe2\x82|\xff\xfe|\xed\xa0\x80|\xf0\x9f\x98"));
	json_close(&w, ']');
	expect(&w, "[\"a\\u0000b\",\"\\\"\\\\/\\u000a\\u001f\\u007f \xc3\xbc\xf0\x9f\x98\x80\","
	           "\"\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|"
	           "\xef\xbf\xbd\"]");
	w = begin();
	json_open(&w, NULL, '{');
	json_bool(&w, "say \"x\"", true);
	json_close(&w, '}');
	expect(&w, "{\"say \\\"x\\\"\":true}");
}

static void test_every_two_bytes_are_read_back(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 0x10000; n++) {
		const char bytes[] = {(char)(n >> 8), (char)n};
		struct json_writer w = begin();
		json_text(&w, NULL, (struct slice){bytes, 2});
		assert_int_equal(fclose(w.out), 0);
		cJSON *read = cJSON_ParseWithLength(text, len);
		if (n >> 8 != 0 && (n & 0xff) != 0 && !read) /* cJSON takes no \u0000 */
			fail_msg("%s", text);
		if (n >> 8 > 0 && n >> 8 < 0x80 && (n & 0xff) > 0 && (n & 0xff) < 0x80)
			assert_memory_equal(cJSON_GetStringValue(read), bytes, 2);
		cJSON_Delete(read);
		free(text);
	}
}

static void test_escaped_text_is_cut_in_no_character(void **state)
{
	(void)state;
	static const char *const want[] = {"",
	                                   "",
	                                   "",
	                                   "\\\"",
	                                   "\\\"",
	                                   "\\\"\xc3\xbc",
	                                   "\\\"\xc3\xbc"
	                                   "a"};
	for (size_t size = 0; size < sizeof(want) / sizeof(want[0]); size++) {
		char ret[16] = "";
		json_escape(slice_of("\"\xc3\xbc"
		                     "a"),
		            ret, size);
		assert_string_equal(ret, want[size]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_members_elements_and_what_is_empty),
	        cmocka_unit_test(test_lines),
	        cmocka_unit_test(test_text_of_any_bytes),
	        cmocka_unit_test(test_every_two_bytes_are_read_back),
	        cmocka_unit_test(test_escaped_text_is_cut_in_no_character),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
