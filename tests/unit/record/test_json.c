/*
 * test_json.c - json.h: the exact text that is sent.
 */
#include "tests/unit/temp.h"

#include "record/columns.h"
#include "record/json.h"
#include "tests/cjson.h"

#define ID "000102030405060708090a0b0c0d0e0f"
#define END "\"eventId\":\"" ID "\"}"

static struct columns *columns;
static struct slice fields[COLUMNS_MAX];

static int teardown(void **state)
{
	(void)state;
	columns = columns_free(columns);
	return 0;
}

/* Columns and fields, both as "a,b,c"; the first is the type. */
static struct record record(const char *names, const char *values)
{
	struct slice cells[16];
	size_t n = 0, m = 0;
	for (const char *p = names; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
		cells[n++] = (struct slice){p, strcspn(p, ",")};
	columns = columns_free(columns);
	assert_int_equal(columns_new(&columns, cells, n, "logType"), 0);
	static char text[1024];
	(void)snprintf(text, sizeof(text), "%s", values);
	for (char *p = text; p; m++) {
		char *comma = strchr(p, ',');
		if (comma)
			*comma = '\0';
		fields[m] = slice_of(p);
		p = comma ? comma + 1 : NULL;
	}
	while (m < n)
		fields[m++] = SLICE_EMPTY;
	struct record rec = {.type = record_type_of(fields[0]),
	                     .columns = columns,
	                     .fields = fields,
	                     .nfields = n};
	for (unsigned char i = 0; i < 16; i++)
		rec.mark.id.bytes[i] = i;
	return rec;
}

static void expect_filled(bool fill, const struct record *rec, const char *want)
{
	char text[8192];
	const struct fill how = {.on = fill};
	for (int twice = 0; twice < 2; twice++) {
		memset(text, '#', sizeof(text));
		ssize_t n = json_record(rec, &how, text, sizeof(text));
		assert_int_equal(n, strlen(want));
		assert_memory_equal(text, want, (size_t)n);
	}
}

static void expect(const char *names, const char *values, const char *want)
{
	const struct record rec = record(names, values);
	expect_filled(true, &rec, want);
}

static void test_names_in_the_headers_order_and_empty_values_left_out(void **state)
{
	(void)state;
	expect("type,b,a,c", "b,1,,3", "{\"logType\":\"b\",\"b\":\"1\",\"c\":\"3\"," END);
	expect("type,a", "b", "{\"logType\":\"b\"," END);
}

static void test_a_name_that_is_there_twice(void **state)
{
	(void)state;
	expect("type,a,a,logType", "b,1,2,3",
	       "{\"logType\":\"b\",\"a\":\"1\",\"a_2\":\"2\",\"logType_2\":\"3\"," END);
}

static void test_values_are_not_altered(void **state)
{
	(void)state;
	expect("type,a,b", "b, 007 ,1e5", "{\"logType\":\"b\",\"a\":\" 007 \",\"b\":\"1e5\"," END);
}

static void test_escapes(void **state)
{
	(void)state;
	expect("type,a", "b,\"q\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xbc\xef\xbf\xbd",
	       "{\"logType\":\"b\",\"a\":\"\\\"q\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f"
	       "\xc3\xbc\xef\xbf\xbd\"," END);
	expect("type,say \"x\"", "b,1", "{\"logType\":\"b\",\"say \\\"x\\\"\":\"1\"," END);
}

#define FBL "type,orig,rcpt,header_To,header_Return-Path"

static void test_addresses_are_filled_in_for_complaints(void **state)
{
	(void)state;
	expect(FBL, "f,,,\"Doe\" <to@x.org>,<back@y.org>",
	       "{\"logType\":\"f\",\"header_To\":\"\\\"Doe\\\" <to@x.org>\","
	       "\"header_Return-Path\":\"<back@y.org>\",\"orig\":\"back@y.org\","
	       "\"rcpt\":\"to@x.org\"," END);
	expect("type,header_To", "f,to@x.org",
	       "{\"logType\":\"f\",\"header_To\":\"to@x.org\",\"rcpt\":\"to@x.org\"," END);
}

static void test_addresses_that_are_there_stay(void **state)
{
	(void)state;
	expect(FBL, "f,o@x.org,<r@x.org>,to@x.org,back@y.org",
	       "{\"logType\":\"f\",\"orig\":\"o@x.org\",\"rcpt\":\"<r@x.org>\","
	       "\"header_To\":\"to@x.org\",\"header_Return-Path\":\"back@y.org\"," END);
}

static void test_addresses_are_filled_in_for_nothing_else(void **state)
{
	(void)state;
	expect(FBL, "b,,,to@x.org,", "{\"logType\":\"b\",\"header_To\":\"to@x.org\"," END);
	expect(FBL, "f,,,nobody,<>",
	       "{\"logType\":\"f\",\"header_To\":\"nobody\",\"header_Return-Path\":\"<>\"," END);
	const struct record rec = record(FBL, "f,,,to@x.org,");
	expect_filled(false, &rec, "{\"logType\":\"f\",\"header_To\":\"to@x.org\"," END);
}

static void test_any_room_either_fits_or_is_reported(void **state)
{
	(void)state;
	char text[256];
	const struct fill off = {0};
	const struct record rec = record("type,a", "b,\"\x01x");
	bool fitted = false;
	for (size_t room = 0; room < sizeof(text); room++) {
		memset(text, '#', sizeof(text));
		ssize_t n = json_record(&rec, &off, text, room);
		assert_true(n == -ENOSPC || n > 0);
		assert_false(fitted && n < 0);
		fitted = fitted || n > 0;
		for (size_t i = room; i < sizeof(text); i++)
			assert_int_equal(text[i], '#');
		if (n > 0)
			assert_in_range(room - (size_t)n, 0, 190);
	}
	assert_true(fitted);
}

static void test_every_column_there_can_be(void **state)
{
	(void)state;
	static struct slice cells[COLUMNS_MAX];
	static char text[1 << 16];
	for (size_t i = 0; i < COLUMNS_MAX; i++) {
		cells[i] = slice_of("a");
		fields[i] = slice_of("f");
	}
	columns = columns_free(columns);
	assert_int_equal(columns_new(&columns, cells, COLUMNS_MAX, "type"), 0);
	const struct record rec = {.type = RECORD_FEEDBACK,
	                           .columns = columns,
	                           .fields = fields,
	                           .nfields = COLUMNS_MAX};
	const struct fill on = {.on = true};
	assert_true(json_record(&rec, &on, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "\"a_511\":\"f\",\"eventId\""));
}

/* Compares with cJSON: the value at the beginning, at the end and across the blocks of a text. */
static void assert_as_cjson(const char *value, size_t len)
{
	static const size_t before[] = {0, 1, 6, 7, 8, 14, 15, 16, 30};
	static char text[64];
	const struct slice names[] = {slice_of("type"), slice_of("a")};
	if (!columns)
		assert_int_equal(columns_new(&columns, names, 2, "type"), 0);
	const struct record rec = {
	        .type = RECORD_BOUNCED, .columns = columns, .fields = fields, .nfields = 2};
	fields[0] = slice_of("b");
	for (size_t i = 0; i < 2 * sizeof(before) / sizeof(before[0]); i++) {
		size_t n = before[i / 2], after = i % 2 ? 17 : 0;
		memset(text, 'x', sizeof(text));
		memcpy(text + n, value, len);
		text[n + len + after] = '\0';
		fields[1] = (struct slice){text, n + len + after};
		const char *why = cjson_differs(&rec, false, 0);
		if (why)
			fail_msg("%s for \"%s\"", why, text);
	}
}

static void test_every_byte_is_as_cjson_prints_it(void **state)
{
	(void)state;
	for (unsigned c = 1; c < 256; c++)
		assert_as_cjson((char[]){(char)c}, 1);
}

static void test_every_two_bytes_are_as_cjson_prints_them(void **state)
{
	(void)state;
	for (unsigned c = 1; c < 256; c++)
		for (unsigned d = 1; d < 256; d++)
			assert_as_cjson((char[]){(char)c, (char)d}, 2);
}

static void test_the_bounds_of_valid_utf8(void **state)
{
	(void)state;
	static const char *const ends[] = {
	        "\x7f",         "\xc2\x80",         "\xdf\xbf",         "\xe0\xa0\x80",
	        "\xed\x9f\xbf", "\xee\x80\x80",     "\xef\xbf\xbf",     "\xf0\x90\x80\x80",
	        "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf", "\xe2\x80\xa8\"\\", "\x1f\x20!\"#[\\]",
	};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		assert_as_cjson(ends[i], strlen(ends[i]));
}

static void expect_count(const char *text, size_t want)
{
	size_t events = 99;
	assert_false(json_answer_failed(text, strlen(text), &events));
	assert_int_equal(events, want);
}

static void test_error_count_of_an_answer(void **state)
{
	(void)state;
	expect_count("{\"Success\":true,\"ErrorCount\":2}", 2);
	expect_count("{\"Success\":true,\"ErrorCount\":\"2\"}", 2);
	expect_count("{\"Success\":true,\"ErrorCount\":0}", 0);
	expect_count("{\"Success\":true,\"ErrorCount\":-1}", 0);
	expect_count("{\"Success\":true,\"ErrorCount\":null}", 0);
	expect_count("{\"Success\":true}", 0);
	expect_count("", 0);
	expect_count("OK", 0);
	expect_count("[1,2]", 0);
	expect_count("{\"Success\":true,\"ErrorCount\":17,\"Errors\":[\"cut of", 17);
	expect_count("{\"ErrorCount\" : \"3\",\"cut", 3);
	expect_count("{\"ErrorCount\"", 0);
	expect_count("{\"ErrorCount\":999999999999999999999,\"cut", 9999999);
	expect_count("{\"ErrorCount\":1e300}", INT_MAX);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

/* The members that the rules add come after the columns and before the eventId. */
static void test_further_members_come_before_the_event_id(void **state)
{
	(void)state;
	static const struct record_extra extra[] = {{"bounceType", "Hard"}, {"bounceRule", "a\"b"}};
	struct record rec = record("type,orig", "b,x");
	rec.extra = extra;
	rec.nextra = 2;
	expect_filled(false, &rec,
	              "{\"logType\":\"b\",\"orig\":\"x\",\"bounceType\":\"Hard\","
	              "\"bounceRule\":\"a\\\"b\"," END);
}

static void test_columns_do_not_have_the_names_of_the_rules_members(void **state)
{
	(void)state;
	struct record rec = record("type,bounceType,bounceRule", "b,x,y");
	expect_filled(false, &rec,
	              "{\"logType\":\"b\",\"bounceType_2\":\"x\",\"bounceRule_2\":\"y\"," END);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_teardown(test_further_members_come_before_the_event_id, teardown),
	        cmocka_unit_test_teardown(test_columns_do_not_have_the_names_of_the_rules_members,
	                                  teardown),
	        TEST(test_names_in_the_headers_order_and_empty_values_left_out),
	        TEST(test_a_name_that_is_there_twice),
	        TEST(test_values_are_not_altered),
	        TEST(test_escapes),
	        TEST(test_addresses_are_filled_in_for_complaints),
	        TEST(test_addresses_that_are_there_stay),
	        TEST(test_addresses_are_filled_in_for_nothing_else),
	        TEST(test_any_room_either_fits_or_is_reported),
	        TEST(test_every_column_there_can_be),
	        TEST(test_every_byte_is_as_cjson_prints_it),
	        TEST(test_every_two_bytes_are_as_cjson_prints_them),
	        TEST(test_the_bounds_of_valid_utf8),
	        TEST(test_error_count_of_an_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
