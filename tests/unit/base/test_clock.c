/*
 * test_clock.c - clock.h: times in the formats of PowerMTA and of people.
 */
#include "tests/unit/temp.h"

#include <time.h>

#include "base/clock.h"

static int in_zone(const char *zone)
{
	int rc = setenv("TZ", zone, 1);
	tzset();
	return rc;
}

/* With an offset in the text: the host's time zone does not matter. */
static void expect(const char *text, int64_t want_s)
{
	static const char *const zones[] = {"UTC", "Asia/Kathmandu", "EST5EDT"};
	for (size_t i = 0; i < 3; i++) {
		int64_t ms = 7;
		bool is_local = true;
		assert_int_equal(in_zone(zones[i]), 0);
		if (!clock_parse(text, &ms, &is_local))
			fail_msg("\"%s\" was refused", text);
		assert_int_equal(ms, want_s * 1000);
		assert_false(is_local);
	}
}

static void expect_local(const char *text, const char *zone, int64_t want_s)
{
	int64_t ms;
	bool is_local = false;
	assert_int_equal(in_zone(zone), 0);
	assert_true(clock_parse(text, &ms, &is_local));
	assert_int_equal(ms, want_s * 1000);
	assert_true(is_local);
}

static void test_times_as_PowerMTA_writes_them(void **state)
{
	(void)state;
	expect("2016-08-01 14:06:01-0400", 1470074761);
	expect("2016-08-01 18:06:01+0000", 1470074761);
	expect("2016-08-01 23:51:01+0545", 1470074761);
	expect("1470074761", 1470074761);
}

static void test_other_ways_to_write_them(void **state)
{
	(void)state;
	expect("2016-08-01T18:06:01Z", 1470074761);
	expect("2016-08-01T14:06:01-04:00", 1470074761);
	expect("2016-08-01 14:06:01 -0400", 1470074761);
	expect("1970-01-01 00:00:00+0000", 0);
	expect("1969-12-31 23:59:59Z", -1);
	expect("2016-02-29 00:00:00Z", 1456704000);
}

static void test_the_month_first_with_slashes(void **state)
{
	(void)state;
	expect("08/01/2016 14:06:01-0400", 1470074761);
	expect("08/01/2016 18:06:01+0000", 1470074761);
	expect_local("08/01/2016 14:06:01", "EST5EDT", 1470074761);
}

static void test_a_fraction_of_the_second(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t want_ms;
	} cases[] = {
	        {"2016-08-01T18:06:01.5Z", 1470074761500},
	        {"2016-08-01T18:06:01.123456Z", 1470074761123},
	        {"2016-08-01 14:06:01,025-0400", 1470074761025},
	        {"08/01/2016 18:06:01.999999999+0000", 1470074761999},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ms;
		bool is_local;
		assert_true(clock_parse(cases[i].text, &ms, &is_local));
		assert_int_equal(ms, cases[i].want_ms);
	}
}

static void test_without_offset_the_hosts_zone_counts(void **state)
{
	(void)state;
	expect_local("2016-08-01 18:06:01", "UTC", 1470074761);
	expect_local("2016-08-01 14:06:01", "EST5EDT", 1470074761);
	expect_local("2016-01-01", "EST5EDT", 1451624400);
	expect_local("2016-01-01T00:00:00", "UTC", 1451606400);
}

static void test_invalid_times(void **state)
{
	(void)state;
	static const char *const texts[] = {"",
	                                    "now",
	                                    "2016",
	                                    "12345678",
	                                    "123456789012",
	                                    "-1470074761",
	                                    "2016-08",
	                                    "2016-13-01",
	                                    "2016-08-01 ",
	                                    "2016-08-01 14:06",
	                                    "2016-08-01 14:06:01x",
	                                    "2016-08-01 14:06:01-04",
	                                    "2016-08-01 14:06:01-040",
	                                    "2016-08-01 14:06:01+-100",
	                                    "2016-08-01 14:06:01-04000",
	                                    "2016-08-01 14:06:01-04:0",
	                                    "2016-08-01 14:06:01+9900",
	                                    "2016-08-01 14:06:01Zx",
	                                    "2016-08-01x14:06:01Z",
	                                    "2016-08-01 25:06:01Z",
	                                    "2016-08-01 14:06:01.Z",
	                                    "2016-08-01.5Z",
	                                    "13/01/2016 14:06:01Z",
	                                    "08/01 14:06:01Z"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int64_t ms;
		bool is_local;
		if (clock_parse(texts[i], &ms, &is_local))
			fail_msg("\"%s\" was accepted as %jd", texts[i], (intmax_t)ms);
	}
}

static void test_iso(void **state)
{
	(void)state;
	char text[CLOCK_ISO_SIZE];
	clock_iso(1470074761999, text);
	assert_string_equal(text, "2016-08-01T18:06:01Z");
	clock_iso(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00Z");
	clock_iso(INT64_MAX, text); /* whatever it prints, it stays within bounds */
	assert_true(strlen(text) < sizeof(text));
}

static void test_mono_does_not_go_back(void **state)
{
	(void)state;
	int64_t last = clock_mono_ms();
	for (int i = 0; i < 1000; i++) {
		int64_t now = clock_mono_ms();
		assert_true(now >= last);
		last = now;
	}
	assert_true(clock_real_ms() > 1700000000000);
}

static void test_sooner_of_two_timeouts(void **state)
{
	(void)state;
	assert_int_equal(clock_sooner(3, 2), 2);
	assert_int_equal(clock_sooner(0, 2), 0);
	assert_int_equal(clock_sooner(-1, 2), 2);
	assert_int_equal(clock_sooner(2, -1), 2);
	assert_int_equal(clock_sooner(-1, -1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_times_as_PowerMTA_writes_them),
	        cmocka_unit_test(test_other_ways_to_write_them),
	        cmocka_unit_test(test_the_month_first_with_slashes),
	        cmocka_unit_test(test_a_fraction_of_the_second),
	        cmocka_unit_test(test_without_offset_the_hosts_zone_counts),
	        cmocka_unit_test(test_invalid_times),
	        cmocka_unit_test(test_iso),
	        cmocka_unit_test(test_sooner_of_two_timeouts),
	        cmocka_unit_test(test_mono_does_not_go_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
