/*
 * test_event_id.c - event_id.h and hash.h: a row of a file always has the same id.
 *
 * The digests below were made by another program with libxxhash.so, from the definition in
 * event_id.h alone.  If one of them changes, rows that were delivered before get new ids.
 */
#include "tests/unit/temp.h"

#include "record/event_id.h"

static struct event_salt salt;

static void make_salt(const char *header, const char *first)
{
	event_salt_make(&salt, header, strlen(header), first, strlen(first));
}

static void expect_hex(struct hash128 h, const char *want)
{
	char hex[HASH_HEX_SIZE];
	hash_hex(&h, hex);
	assert_string_equal(hex, want);
}

static struct hash128 id(uint64_t offset, const char *row)
{
	return event_id(&salt, offset, row, strlen(row));
}

static void test_hash_of_known_inputs(void **state)
{
	(void)state;
	expect_hex(hash_bytes("", 0), "99aa06d3014798d86001c324468d497f");
	expect_hex(hash_bytes("abc", 3), "06b05ab6733a618578af5f94892f3950");
}

static void test_hash_of_pieces_is_that_of_the_whole(void **state)
{
	(void)state;
	char text[2000];
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)temp_random(256);
	for (int round = 0; round < 2000; round++) {
		size_t len = temp_random(sizeof(text)), a = temp_random((unsigned)len + 1);
		size_t b = a + temp_random((unsigned)(len - a) + 1);
		struct hash128 whole = hash_bytes(text, len);
		struct hash_begun begun;
		hash_begin(&begun, text, a);
		for (int again = 0; again < 2; again++) {
			struct hash128 h = hash_end(&begun, text + a, b - a, text + b, len - b);
			assert_true(hash_equal(&whole, &h));
		}
	}
}

static void test_hex_and_back(void **state)
{
	(void)state;
	struct hash128 h = {{1}}, got = {{7}};
	char hex[HASH_HEX_SIZE];
	hash_hex(&h, hex);
	assert_true(hash_from_hex(hex, &got));
	assert_true(hash_equal(&h, &got));
	assert_true(hash_from_hex("ABCDEFabcdef00112233445566778899", &got));
	static const char *const bad[] = {"", "00", "0000000000000000000000000000000g",
	                                  "000000000000000000000000000000000",
	                                  "0000000000000000000000000000000"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		got = h;
		assert_false(hash_from_hex(bad[i], &got));
		assert_true(hash_equal(&h, &got));
	}
	assert_false(hash_is_zero(&h));
	h.bytes[0] = 0;
	assert_true(hash_is_zero(&h));
}

static void test_ids_of_known_rows(void **state)
{
	(void)state;
	make_salt("type,a", "b,1");
	expect_hex(id(7, "b,1\r\n"), "97664aa532bed1866e8084ecec127c8e");
	expect_hex(id(11, "b,2"), "76587623873cdd173ec3c8f047d52b7a");
	make_salt("", "b,1");
	expect_hex(id(0, "b,1\n"), "f4bef566ec8d5a626f63f246ac89bae6");
}

static void test_the_line_end_does_not_count(void **state)
{
	(void)state;
	make_salt("type,a", "b,1");
	struct hash128 bare = id(7, "b,1"), lf = id(7, "b,1\n"), crlf = id(7, "b,1\r\n");
	assert_true(hash_equal(&bare, &lf) && hash_equal(&bare, &crlf));
	struct hash128 two = id(7, "b,1\r\r\n"), cr = id(7, "b,1\r");
	assert_false(hash_equal(&bare, &two) || hash_equal(&bare, &cr));
}

static void test_everything_else_does(void **state)
{
	(void)state;
	struct hash128 h[7];
	make_salt("type,a", "b,1");
	h[0] = id(7, "b,1");
	h[1] = id(8, "b,1");
	h[2] = id(7, "b,2");
	h[3] = id(7, "b,1 ");
	make_salt("type,b", "b,1");
	h[4] = id(7, "b,1");
	make_salt("type,a", "b,2");
	h[5] = id(7, "b,1");
	make_salt("", "type,ab,1");
	h[6] = id(7, "b,1");
	for (size_t i = 0; i < 7; i++) {
		for (size_t j = 0; j < i; j++)
			assert_false(hash_equal(&h[i], &h[j]));
	}
}

static void test_only_the_first_4096_bytes_of_each_line_count(void **state)
{
	(void)state;
	static char line[EVENT_LINE_MAX + 2];
	static struct event_salt other;
	memset(line, 'x', sizeof(line));
	event_salt_make(&salt, line, EVENT_LINE_MAX, line, EVENT_LINE_MAX);
	line[EVENT_LINE_MAX] = 'y';
	event_salt_make(&other, line, sizeof(line), line, sizeof(line));
	assert_true(hash_equal(&salt.hash, &other.hash));
	assert_int_equal(salt.len, 1 + 8 + EVENT_LINE_MAX + 8 + EVENT_LINE_MAX);
	line[EVENT_LINE_MAX - 1] = 'y';
	event_salt_make(&other, line, sizeof(line), line, sizeof(line));
	assert_false(hash_equal(&salt.hash, &other.hash));
}

static void test_headers_and_blank_lines(void **state)
{
	(void)state;
	static const char *const headers[] = {
	        "type",   "type,a",   "\"type\",a", "\xef\xbb\xbftype,a",
	        "Type,a", " type ,a", "\" TYPE \"", "\xef\xbb\xbf\xef\xbb\xbftype,a"};
	static const char *const others[] = {"",         "typ",       "types,a", "type a",
	                                     "\"type,a", "\"type\"a", "b,type"};
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		assert_true(event_is_header(headers[i], strlen(headers[i])));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(event_is_header(others[i], strlen(others[i])));
	assert_true(event_is_blank("", 0) && event_is_blank(" \t ", 3));
	assert_false(event_is_blank(" x", 2) || event_is_blank("\r", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_hash_of_known_inputs),
	        cmocka_unit_test(test_hash_of_pieces_is_that_of_the_whole),
	        cmocka_unit_test(test_hex_and_back),
	        cmocka_unit_test(test_ids_of_known_rows),
	        cmocka_unit_test(test_the_line_end_does_not_count),
	        cmocka_unit_test(test_everything_else_does),
	        cmocka_unit_test(test_only_the_first_4096_bytes_of_each_line_count),
	        cmocka_unit_test(test_headers_and_blank_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
