/*
 * test_fill.c - fill.h: which addresses of a complaint are filled in, and from where.
 */
#include "tests/unit/temp.h"

#include "record/columns.h"
#include "record/fill.h"

static struct columns *columns;
static struct slice fields[16];

static int teardown(void **state)
{
	(void)state;
	columns = columns_free(columns);
	return 0;
}

static size_t cells(const char *text, struct slice *ret)
{
	size_t n = 0;
	for (const char *p = text;; p += ret[n++].len + 1) {
		ret[n] = (struct slice){p, strcspn(p, "|")};
		if (p[ret[n].len] == '\0')
			return n + 1;
	}
}

static struct record record(const char *names, const char *values)
{
	struct slice name[16];
	size_t n = cells(names, name);
	assert_int_equal(cells(values, fields), n);
	columns = columns_free(columns);
	assert_int_equal(columns_new(&columns, name, n, "logType"), 0);
	return (struct record){.type = record_type_of(fields[0]),
	                       .columns = columns,
	                       .fields = fields,
	                       .nfields = n};
}

static void assert_slice(struct slice got, const char *want)
{
	if (!slice_is(got, want))
		fail_msg("\"%.*s\" instead of \"%s\"", (int)got.len, got.text, want);
}

static void test_bare_addresses(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
	        {"a@b.c", "a@b.c"},
	        {"<a@b.c>", "a@b.c"},
	        {"  a@b.c  ", "a@b.c"},
	        {"Doe <a@b.c>", "a@b.c"},
	        {"\"Doe, <x>\" <a@b.c>", "a@b.c"},
	        {"a@b.c, d@e.f", "a@b.c"},
	        {"a@b.c;d@e.f", "a@b.c"},
	        {"<>", ""},
	        {"nobody", ""},
	        {"", ""},
	        {"undisclosed-recipients:;", ""},
	        {"<a@b.c", ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_slice(fill_address(slice_of(cases[i][0])), cases[i][1]);
}

static void test_recipients_that_a_list_names(void **state)
{
	(void)state;
	static const struct {
		const char *list;
		size_t n;
		const char *first;
	} cases[] = {
	        {"a@b.c", 1, "a@b.c"},
	        {"\"Doe, John\" <a@b.c>", 1, "a@b.c"},
	        {"Doe, John <a@b.c>", 1, "a@b.c"},
	        {"a@b.c, A@B.C", 1, "a@b.c"},
	        {"A <a@b.c>, \"B; C\" <d@e.f>", 2, "a@b.c"},
	        {"a@b.c;d@e.f", 2, "a@b.c"},
	        {"rfc822; a@b.c", 1, "a@b.c"},
	        {"redacted@b.c, a@b.c", 1, "a@b.c"},
	        {"undisclosed-recipients:;", 0, ""},
	        {"nobody", 0, ""},
	        {"<>", 0, ""},
	        {"a@", 0, ""},
	        {"<a@b c>", 0, ""},
	        {"", 0, ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice first;
		assert_int_equal(fill_recipients(slice_of(cases[i].list), &first), cases[i].n);
		assert_slice(first, cases[i].first);
	}
}

static void test_a_masked_address_is_no_recipient(void **state)
{
	(void)state;
	static const char *const masked[] = {
	        "redacted@example.net",
	        "<redacted@example.net>",
	        "Redacted-1f2e@example.net",
	        "x***@example.net",
	        "*@example.net",
	        "anonymous@example.net",
	        "anonymous42@example.net",
	        "masked@example.net",
	        "HIDDEN@example.net",
	        "xxxxxx@example.net",
	        "xxx@example.net",
	        "@example.net",
	        "john@***",
	};
	static const char *const named[] = {"john@example.net", "xx@example.net",
	                                    "unmasked@example.net", "mr.hidden@example.net"};
	struct slice found;
	for (size_t i = 0; i < sizeof(masked) / sizeof(masked[0]); i++)
		if (fill_recipients(slice_of(masked[i]), &found) != 0)
			fail_msg("%s", masked[i]);
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (fill_recipients(slice_of(named[i]), &found) != 1)
			fail_msg("%s", named[i]);
}

#define NAMES                                                                                      \
	"type|orig|rcpt|header_X-HmXmrOriginalRecipient|arf_Original-Rcpt-To|header_To|header_"    \
	"Return-Path"

static void expect(const struct fill *fill, const char *values, const char *orig, const char *rcpt)
{
	const struct record rec = record(NAMES, values);
	struct filled got = fill_addresses(fill, &rec);
	assert_slice(got.orig, orig);
	assert_slice(got.rcpt, rcpt);
}

static void test_the_recipient_is_taken_from_the_surest_field(void **state)
{
	(void)state;
	const struct fill on = {.on = true};
	expect(&on, "f|o@x||a@x|b@x|c@x|", "", "a@x");
	expect(&on, "f|o@x|||b@x|c@x|", "", "b@x");
	expect(&on, "f|o@x||||c@x|", "", "c@x");
	expect(&on, "f|o@x|r@x|a@x|b@x|c@x|", "", "");
	expect(&on, "f|o@x|||redacted@x|c@x|", "", "c@x");
	expect(&on, "f|o@x||||redacted@x|", "", "");
}

static void test_of_several_recipients_none_is_guessed(void **state)
{
	(void)state;
	const struct fill on = {.on = true};
	expect(&on, "f|o@x||||a@x, b@x|", "", "");
	expect(&on, "f|o@x|||a@x,b@x|a@x|", "", "");
}

static void test_the_return_path_is_orig_where_orig_is_where_reports_go(void **state)
{
	(void)state;
	char *list[] = {"fbl@fbl.example.com", "@reports.example.com"};
	const struct fill on = {.on = true};
	const struct fill known = {.on = true, .reported_to = {list, 2}};
	expect(&on, "f||r@x||||<bounce-1@y>", "bounce-1@y", "");
	expect(&on, "f|v@y|r@x||||<bounce-1@y>", "", "");
	expect(&on, "f|fbl@fbl.example.com|r@x||||<bounce-1@y>", "", "");
	expect(&known, "f|FBL@fbl.example.com|r@x||||<bounce-1@y>", "bounce-1@y", "");
	expect(&known, "f|<any@Reports.example.com>|r@x||||bounce-1@y", "bounce-1@y", "");
	expect(&known, "f|fbl@fbl.example.com|r@x||||", "", "");
	expect(&on, "f|<r@x>|R@x||||bounce-1@y", "bounce-1@y", "");
}

static void test_only_complaints_and_only_when_asked_to(void **state)
{
	(void)state;
	const struct fill on = {.on = true}, off = {.on = false};
	expect(&on, "b|||||c@x|d@x", "", "");
	expect(&off, "f|||||c@x|d@x", "", "");
}

static void test_who_complained(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
	        {"f|o@x|<r@x>|||c@x|", "r@x"},
	        {"f|o@x|redacted@x|a@x||c@x|", "a@x"},
	        {"f|o@x||||c@x|", "c@x"},
	        {"f|o@x|x**@x|||hidden@x|", ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct record rec = record(NAMES, cases[i][0]);
		assert_slice(fill_complainer(&rec), cases[i][1]);
	}
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_bare_addresses),
	        TEST(test_recipients_that_a_list_names),
	        TEST(test_a_masked_address_is_no_recipient),
	        TEST(test_the_recipient_is_taken_from_the_surest_field),
	        TEST(test_of_several_recipients_none_is_guessed),
	        TEST(test_the_return_path_is_orig_where_orig_is_where_reports_go),
	        TEST(test_only_complaints_and_only_when_asked_to),
	        TEST(test_who_complained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
