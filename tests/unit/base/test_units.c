/*
 * test_units.c - units.h: times, sizes and numbers in the configuration's notation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/units.h"

#define UNTOUCHED UINT64_C(0xdeadbeef)

typedef bool read_fn(const char *text, uint64_t *ret);

static void assert_reads(read_fn *fn, const char *text, uint64_t want)
{
	uint64_t got = UNTOUCHED;
	if (!fn(text, &got))
		fail_msg("'%s' was refused", text);
	assert_int_equal(got, want);
}

static void assert_refuses(read_fn *fn, const char *text)
{
	uint64_t got = UNTOUCHED;
	if (fn(text, &got))
		fail_msg("'%s' was accepted as %ju", text, (uintmax_t)got);
	assert_int_equal(got, UNTOUCHED);
}

static void test_times(void **state)
{
	(void)state;
	assert_reads(units_time, "1ms", 1);
	assert_reads(units_time, "250ms", 250);
	assert_reads(units_time, "30s", 30000);
	assert_reads(units_time, "5m", 300000);
	assert_reads(units_time, "2h", 7200000);
	assert_reads(units_time, "30d", UINT64_C(2592000000));
	assert_reads(units_time, "5 m", 300000);
	assert_reads(units_time, "007s", 7000);
	assert_reads(units_time, "0", 0);
	assert_reads(units_time, "0s", 0);
	assert_reads(units_time, "18446744073709551615ms", UINT64_MAX);
	assert_reads(units_time, "18446744073709551s", UINT64_C(18446744073709551000));
}

static void test_sizes(void **state)
{
	(void)state;
	assert_reads(units_size, "1B", 1);
	assert_reads(units_size, "64KiB", 65536);
	assert_reads(units_size, "1MiB", 1 << 20);
	assert_reads(units_size, "256 MiB", 256 << 20);
	assert_reads(units_size, "3GiB", UINT64_C(3) << 30);
	assert_reads(units_size, "0", 0);
	assert_reads(units_size, "0B", 0);
	assert_reads(units_size, "17179869183GiB", UINT64_C(17179869183) << 30);
}

static void test_numbers(void **state)
{
	(void)state;
	assert_reads(units_number, "0", 0);
	assert_reads(units_number, "500", 500);
	assert_reads(units_number, "010", 10);
	assert_reads(units_number, "18446744073709551615", UINT64_MAX);
}

static void test_refused_by_all(void **state)
{
	(void)state;
	static const char *const texts[] = {
	        "",
	        " ",
	        "s",
	        "B",
	        "-1",
	        "-1s",
	        "+1",
	        "+1s",
	        " 1s",
	        "1 ",
	        "1s ",
	        "1.5s",
	        "1,5s",
	        "1e3",
	        "0x1",
	        "0x1s",
	        "1ss",
	        "1S",
	        "1KB",
	        "1kb",
	        "1kib",
	        "1K",
	        "1M",
	        "1G",
	        "1TiB",
	        "1min",
	        "1 s ",
	        "s1",
	        "1\ts",
	        "1s1s",
	        "\xd9\xa1s",
	        "1\n",
	        "99999999999999999999s",
	        "18446744073709551616",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_refuses(units_time, texts[i]);
		assert_refuses(units_size, texts[i]);
		assert_refuses(units_number, texts[i]);
	}
}

/* Each kind refuses the units of the others, and values that are too large. */
static void test_refused(void **state)
{
	(void)state;
	assert_refuses(units_time, "30");
	assert_refuses(units_time, "1B");
	assert_refuses(units_time, "1KiB");
	assert_refuses(units_time, "18446744073709552s");
	assert_refuses(units_time, "18446744073709551616ms");
	assert_refuses(units_size, "30");
	assert_refuses(units_size, "1s");
	assert_refuses(units_size, "1m");
	assert_refuses(units_size, "17179869184GiB");
	assert_refuses(units_number, "1s");
	assert_refuses(units_number, "1B");
}

static void assert_time(uint64_t ms, const char *want)
{
	char text[32];
	units_print_time(ms, text, sizeof(text));
	assert_string_equal(text, want);
}

static void assert_size(uint64_t bytes, const char *want)
{
	char text[32];
	units_print_size(bytes, text, sizeof(text));
	assert_string_equal(text, want);
}

static void test_print(void **state)
{
	(void)state;
	assert_time(0, "0s");
	assert_time(1, "1ms");
	assert_time(1500, "1500ms");
	assert_time(90000, "90s");
	assert_time(60000, "1m");
	assert_time(3600000, "1h");
	assert_time(86400000, "1d");
	assert_time(90000000, "25h");
	assert_time(UINT64_MAX, "18446744073709551615ms");
	assert_size(0, "0B");
	assert_size(1, "1B");
	assert_size(1023, "1023B");
	assert_size(1536, "1536B");
	assert_size(65536, "64KiB");
	assert_size(1 << 20, "1MiB");
	assert_size(UINT64_C(3) << 30, "3GiB");
	assert_size(UINT64_MAX, "18446744073709551615B");
}

/* Every printed value is read back: around each multiple of a unit, and far apart. */
static void test_print_read(void **state)
{
	(void)state;
	static const uint64_t around[] = {1,       1000,    1024,     60000,
	                                  1 << 20, 3600000, 86400000, 1 << 30};
	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		for (uint64_t n = 1; n < UINT64_C(1) << 30; n *= 7) {
			for (uint64_t d = 0; d < 3; d++) {
				char text[32];
				uint64_t value = around[i] * n + d - 1;
				units_print_time(value, text, sizeof(text));
				assert_reads(units_time, text, value);
				units_print_size(value, text, sizeof(text));
				assert_reads(units_size, text, value);
			}
		}
	}
}

static void test_seconds_for_people(void **state)
{
	char text[UNITS_FOR_PEOPLE];
	(void)state;
	assert_string_equal(units_seconds(0, text), "0 s");
	assert_string_equal(units_seconds(250, text), "0.25 s");
	assert_string_equal(units_seconds(1234, text), "1.2 s");
	assert_string_equal(units_seconds(60000, text), "60 s");
	assert_string_equal(units_seconds(3600499, text), "3600 s");
}

static void test_sizes_for_people(void **state)
{
	char text[UNITS_FOR_PEOPLE];
	(void)state;
	assert_string_equal(units_binary(0, text), "0 B");
	assert_string_equal(units_binary(1023, text), "1023 B");
	assert_string_equal(units_binary(1536, text), "1.5 KiB");
	assert_string_equal(units_binary(UINT64_MAX, text), "16777216.0 TiB");
	assert_string_equal(units_decimal(999, text), "999 B");
	assert_string_equal(units_decimal(1536, text), "1.5 kB");
	assert_string_equal(units_decimal(12300000, text), "12.3 MB");
}

static void test_digits_and_what_follows(void **state)
{
	uint64_t n = 5;
	(void)state;
	assert_string_equal(units_digits("12 x", &n), " x");
	assert_int_equal(n, 12);
	assert_string_equal(units_digits("18446744073709551615", &n), "");
	assert_int_equal(n, UINT64_MAX);
	assert_null(units_digits("18446744073709551616", &n));
	assert_null(units_digits("x", &n));
	assert_null(units_digits("-1", &n));
	assert_int_equal(n, UINT64_MAX);
}

static void test_one_is_not_many(void **state)
{
	(void)state;
	assert_string_equal(units_s(0), "s");
	assert_string_equal(units_s(1), "");
	assert_string_equal(units_s(2), "s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_times),
	        cmocka_unit_test(test_sizes),
	        cmocka_unit_test(test_numbers),
	        cmocka_unit_test(test_refused_by_all),
	        cmocka_unit_test(test_refused),
	        cmocka_unit_test(test_print),
	        cmocka_unit_test(test_print_read),
	        cmocka_unit_test(test_one_is_not_many),
	        cmocka_unit_test(test_seconds_for_people),
	        cmocka_unit_test(test_sizes_for_people),
	        cmocka_unit_test(test_digits_and_what_follows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
