/*
 * test_name.c - name.h: which names belong to an acct-file, and their order.
 */
#include "tests/unit/temp.h"

#include "follow/name.h"

static void expect(const char *acct, const char *file, bool want)
{
	const struct acct_template t = acct_template(acct);
	struct acct_name name = {.date = 1};
	if (acct_name_parse(&t, file, &name) != want)
		fail_msg("%s %s \"%s\"", acct, want ? "lacks" : "has", file);
	if (!want)
		assert_int_equal(name.date, 1); /* unchanged */
}

static void test_the_template_and_its_files(void **state)
{
	(void)state;
	static const char acct[] = "/var/log/pmta/bounces.csv";
	expect(acct, "bounces.csv", true);
	expect(acct, "bounces.csv.gz", true);
	expect(acct, "bounces-2026-11-21-0000.csv", true);
	expect(acct, "bounces-2026-11-21-0000.csv.gz", true);
	expect(acct, "bounces-2026-11-21-12345.csv", true);
	expect(acct, "bounces-2026-11-21-1.csv", true);
	expect(acct, "bounces-2026-12-31-99999999999999999999999.csv", true);
}

static void test_look_alikes_are_not_taken(void **state)
{
	(void)state;
	static const char *const names[] = {
	        "",
	        "bounces",
	        "bounces.csv2",
	        "bounces.csv.bz2",
	        "bounces.csv.gz.gz",
	        "bounces.csv.gz.tmp",
	        "bounces.csv~",
	        ".bounces.csv",
	        "xbounces.csv",
	        "bounces2.csv",
	        "Bounces.csv",
	        "bounces-rb-2026-11-21-0000.csv",
	        "bounces-.csv",
	        "bounces-2026-11-21.csv",
	        "bounces-2026-11-21-.csv",
	        "bounces-2026-11-21-0000",
	        "bounces-2026-11-21-0000.csv.tmp",
	        "bounces-2026-11-21-00a0.csv",
	        "bounces-2026-1-21-0000.csv",
	        "bounces-26-11-21-0000.csv",
	        "bounces-2026-13-21-0000.csv",
	        "bounces-2026-00-21-0000.csv",
	        "bounces-2026-11-32-0000.csv",
	        "bounces-2026-11-00-0000.csv",
	        "bounces-2026-11-21--001.csv",
	        "bounces-2026-11-21-+001.csv",
	        "bounces-2026-11-21- 001.csv",
	        "bounces-2026-11-21-0000-2026-11-21-0000.csv",
	        "bounces 2026-11-21-0000.csv",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		expect("/var/log/pmta/bounces.csv", names[i], false);
}

static void test_names_without_extension_or_with_several(void **state)
{
	(void)state;
	expect("/log/acct", "acct", true);
	expect("/log/acct", "acct-2026-11-21-0000", true);
	expect("/log/acct", "acct-2026-11-21-0000.gz", true);
	expect("/log/acct", "acct.csv", false);
	expect("/log/a.b.csv", "a.b-2026-11-21-0000.csv", true);
	expect("/log/a.b.csv", "a-2026-11-21-0000.b.csv", false);
	expect("/log/.csv", ".csv-2026-11-21-0000", true);
	expect("/log/b-2026-11-21-0000.csv", "b-2026-11-21-0000-2026-11-22-0001.csv", true);
	expect("plain.csv", "plain.csv", true);
}

static void test_order_is_by_date_then_number_then_the_bare_name(void **state)
{
	(void)state;
	static const char *const names[] = {
	        "b-2025-12-31-0009.csv",
	        "b-2026-01-01-0000.csv",
	        "b-2026-01-01-0002.csv",
	        "b-2026-01-01-10.csv",
	        "b-2026-01-01-9999.csv",
	        "b-2026-01-01-10000.csv",
	        "b-2026-01-01-18446744073709551614.csv",
	        "b-2026-01-01-99999999999999999999.csv",
	        "b-2026-01-02-0000.csv",
	        "b-2026-02-01-0000.csv",
	        "b.csv",
	};
	const struct acct_template t = acct_template("/b.csv");
	const size_t n = sizeof(names) / sizeof(names[0]);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++) {
			struct acct_name a, b;
			assert_true(acct_name_parse(&t, names[i], &a));
			assert_true(acct_name_parse(&t, names[j], &b));
			int order = acct_name_compare(&a, &b);
			assert_int_equal(order > 0, i > j);
			assert_int_equal(order < 0, i < j);
		}
	}
}

static void test_gz_and_leading_zeros_do_not_count(void **state)
{
	(void)state;
	const struct acct_template t = acct_template("/b.csv");
	struct acct_name a, b;
	assert_true(acct_name_parse(&t, "b-2026-01-01-0007.csv", &a));
	assert_true(acct_name_parse(&t, "b-2026-01-01-7.csv.gz", &b));
	assert_int_equal(acct_name_compare(&a, &b), 0);
	assert_false(a.gz);
	assert_true(b.gz);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_the_template_and_its_files),
	        cmocka_unit_test(test_look_alikes_are_not_taken),
	        cmocka_unit_test(test_names_without_extension_or_with_several),
	        cmocka_unit_test(test_order_is_by_date_then_number_then_the_bare_name),
	        cmocka_unit_test(test_gz_and_leading_zeros_do_not_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
