/*
 * test_utf8.c - utf8.h: which bytes are well-formed (RFC 3629), and how the others are repaired.
 */
#include "tests/unit/temp.h"

#include "base/utf8.h"

static size_t encode(unsigned long c, char *ret)
{
	if (c < 0x80) {
		ret[0] = (char)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n; i-- > 1; c >>= 6)
		ret[i] = (char)(0x80 | (c & 0x3f));
	ret[0] = (char)((0xf00 >> n) | c);
	return n;
}

static void test_every_code_point_and_nothing_else(void **state)
{
	(void)state;
	char text[4];
	for (unsigned long c = 0; c < 0x112000; c++) {
		size_t n = encode(c, text);
		bool want = (c < 0xd800 || c > 0xdfff) && c <= 0x10ffff;
		if (utf8_valid(text, n) != want)
			fail_msg("U+%04lX is %s", c, want ? "refused" : "taken");
		if (want)
			assert_int_equal(utf8_sequence(text, n), n);
		for (size_t cut = 1; want && cut < n; cut++)
			assert_false(utf8_valid(text, cut));
	}
}

/* Repairs text and compares; bad is the number of U+FFFD in want. */
static void expect_repaired(const char *text, const char *want, size_t bad)
{
	char got[256];
	size_t got_bad, len = strlen(text);
	size_t n = utf8_repair(text, len, got, &got_bad);
	assert_int_equal(got[n], '\0');
	assert_string_equal(got, want);
	assert_int_equal(n, strlen(want));
	assert_int_equal(got_bad, bad);
	assert_true(utf8_valid(got, n));
}

#define R "\xef\xbf\xbd"

static void test_one_replacement_for_each_maximal_subpart(void **state)
{
	(void)state;
	expect_repaired("", "", 0);
	expect_repaired("plain", "plain", 0);
	expect_repaired("b\xc3\xbc"
	                "cher",
	                "b\xc3\xbc"
	                "cher",
	                0);
	expect_repaired("a\xff"
	                "b",
	                "a" R "b", 1);
	expect_repaired("\xc3", R, 1);
	expect_repaired("\xe2\x82", R, 1);         /* cut */
	expect_repaired("\xe2\x82x", R "x", 1);    /* and followed */
	expect_repaired("\xf0\x9f\x98", R, 1);     /* cut */
	expect_repaired("\xc0\x80", R R, 2);       /* overlong */
	expect_repaired("\xe0\x80\x80", R R R, 3); /* overlong */
	expect_repaired("\xed\xa0\x80", R R R, 3); /* a surrogate */
	expect_repaired("\xf4\x90\x80\x80", R R R R, 4);
	expect_repaired("\x80\xbf", R R, 2);
	/* The Unicode Standard, table 3-8. */
	expect_repaired("\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64",
	                "a" R R R "b" R "c" R R "d", 6);
}

static void test_repair_of_random_bytes_is_valid_and_bounded(void **state)
{
	(void)state;
	char text[64], got[3 * 64 + 1], again[9 * 64 + 1];
	for (int round = 0; round < 20000; round++) {
		size_t len = temp_random(64), bad;
		for (size_t i = 0; i < len; i++)
			text[i] = (char)(temp_random(2) ? 0x80 + temp_random(128)
			                                : temp_random(256));
		size_t n = utf8_repair(text, len, got, &bad);
		assert_true(n <= 3 * len && utf8_valid(got, n));
		assert_int_equal(bad == 0, utf8_valid(text, len));
		assert_int_equal(utf8_repair(got, n, again, &bad), n);
		assert_int_equal(bad, 0);
	}
}

static void test_plain_is_ASCII_without_NUL(void **state)
{
	(void)state;
	char text[40];
	for (size_t len = 0; len < sizeof(text); len++) {
		memset(text, 'x', sizeof(text));
		assert_true(utf8_plain(text, len));
		for (size_t at = 0; at < len; at++) {
			for (int c = 0; c < 256; c++) {
				text[at] = (char)c;
				assert_int_equal(utf8_plain(text, len), c > 0 && c < 0x80);
			}
			text[at] = 'x';
		}
	}
}

static void expect_printable(const char *text, size_t size, const char *want)
{
	char got[64];
	memset(got, '#', sizeof(got));
	utf8_printable(text, strlen(text), got, size);
	assert_string_equal(got, want);
	assert_int_equal(got[size], '#');
}

static void test_bytes_that_act_on_a_terminal_are_escaped(void **state)
{
	(void)state;
	expect_printable("plain b\xc3\xbc", 60, "plain b\xc3\xbc");
	expect_printable("a\nb\r\t\x1b[31m\x7f", 60, "a\\x0ab\\x0d\\x09\\x1b[31m\\x7f");
	expect_printable("\xc2\x9b\xc2\xa0", 60, "\\xc2\\x9b\xc2\xa0"); /* C1 CSI, no-break space */
	expect_printable("\xff\xe2\x82", 60, "\\xff\\xe2\\x82");
	char got[16];
	utf8_printable("a\0b", 3, got, sizeof(got));
	assert_string_equal(got, "a\\x00b");
}

static bool shown_as_it_is(unsigned c)
{
	char text[5], got[32];
	size_t n = encode(c, text);
	text[n] = '\0';
	utf8_printable(text, n, got, sizeof(got));
	if (strcmp(got, text) == 0)
		return true;
	assert_int_equal(strlen(got), 4 * n);
	return false;
}

/* Unicode's Bidi_Control and Default_Ignorable_Code_Point (without variation selectors). */
static void test_characters_that_hide_or_turn_text_are_escaped(void **state)
{
	(void)state;
	static const unsigned hidden[] = {
	        0xad,   0x61c,  0x180e, 0x200b, 0x200c, 0x200d, 0x200e,  0x200f,  0x2028, 0x2029,
	        0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2060, 0x2064,  0x2066,  0x2067, 0x2068,
	        0x2069, 0x206f, 0x3164, 0xfeff, 0xfff9, 0xfffb, 0xe0001, 0xe0041, 0xe007f};
	static const unsigned shown[] = {' ',    '~',    0xa0,   0xac,    0xae,    0xfc,
	                                 0x61b,  0x61d,  0x627,  0x5d0,   0x200a,  0x2010,
	                                 0x2027, 0x202f, 0x205f, 0x2070,  0x20ac,  0x4e2d,
	                                 0xfefe, 0xff00, 0xfffd, 0x1f600, 0xdffff, 0x10fffd};
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		assert_false(shown_as_it_is(hidden[i]));
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		assert_true(shown_as_it_is(shown[i]));
	expect_printable("a\xe2\x80\xae"
	                 "b",
	                 60, "a\\xe2\\x80\\xaeb");
	expect_printable("a\xe2\x80\xae", 13, "a");
	expect_printable("a\xe2\x80\xae", 14, "a\\xe2\\x80\\xae");
}

/* A second pass changes nothing. */
static void test_printable_twice_is_printable_once(void **state)
{
	(void)state;
	char text[5], once[32], twice[32];
	for (unsigned c = 0; c < 0x110000; c++) {
		size_t n = encode(c, text);
		utf8_printable(text, n, once, sizeof(once));
		utf8_printable(once, strlen(once), twice, sizeof(twice));
		assert_string_equal(twice, once);
	}
}

static void test_printable_is_cut_between_characters(void **state)
{
	(void)state;
	expect_printable("abc", 4, "abc");
	expect_printable("abc", 3, "ab");
	expect_printable("abc", 1, "");
	expect_printable("a\xc3\xbc", 3, "a");
	expect_printable("a\n", 5, "a");
	expect_printable("a\n", 6, "a\\x0a");
}

static void test_a_byte_order_mark_at_the_beginning(void **state)
{
	(void)state;
	assert_int_equal(utf8_bom("\xef\xbb\xbf", 3), 3);
	assert_int_equal(utf8_bom("\xef\xbb\xbftype", 7), 3);
	assert_int_equal(utf8_bom("\xef\xbb\xbf", 2), 0);
	assert_int_equal(utf8_bom("a\xef\xbb\xbf", 4), 0);
	assert_int_equal(utf8_bom("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_every_code_point_and_nothing_else),
	        cmocka_unit_test(test_one_replacement_for_each_maximal_subpart),
	        cmocka_unit_test(test_repair_of_random_bytes_is_valid_and_bounded),
	        cmocka_unit_test(test_a_byte_order_mark_at_the_beginning),
	        cmocka_unit_test(test_plain_is_ASCII_without_NUL),
	        cmocka_unit_test(test_bytes_that_act_on_a_terminal_are_escaped),
	        cmocka_unit_test(test_characters_that_hide_or_turn_text_are_escaped),
	        cmocka_unit_test(test_printable_twice_is_printable_once),
	        cmocka_unit_test(test_printable_is_cut_between_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
