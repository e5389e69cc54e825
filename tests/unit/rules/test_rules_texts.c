/* test_rules_texts.c - rules.h: the texts that rules are matched against. */
#include "tests/unit/rules/rig.h"

static void folds(const char *diag, const char *want)
{
	char got[RULES_TEXT_MAX + 1];
	rules_folded(slice_of(diag), got);
	assert_string_equal(got, want);
}

static void test_replies_of_several_lines_are_folded(void **state)
{
	(void)state;
	folds("smtp;550-5.1.1 The account 550-5.1.1 that 550 5.1.1 is gone",
	      "550 5.1.1 The account that is gone");
	folds("450 4.2.1 at a rate that 450-4.2.1 prevents 450 4.2.1 x",
	      "450 4.2.1 at a rate that prevents x");
	folds("550 The account 550-or domain 550 entries.", "550 The account or domain entries.");
	folds("550 room 550 is 551 there", "550 room 550 is 551 there");
	folds("Smtp; 550 a\r\nb", "550 a  b");
	folds("host said: 421-4.7.0 x 421-4.7.0 y 421,4.7.0 z",
	      "host said: 421 4.7.0 x y 421,4.7.0 z");
	folds("550", "550");
	folds("", "");
	folds("smtp;", "");
}

static void test_patterns_hit_the_raw_text_and_the_folded_one(void **state)
{
	(void)state;
	struct rules *r = good("550-5.1.1 The account==>Hard\n"
	                       "account that is==>Soft\n"
	                       "/^552 full$/ ==> soft id=anchored\n");
	expect(r, "smtp;550-5.1.1 The account 550 5.1.1 that is gone", "t.rules:1", RULES_HARD);
	expect(r, "smtp;550-5.1.1 An account 550 5.1.1 that is gone", "t.rules:2", RULES_SOFT);
	expect(r, "smtp;552 full", "anchored", RULES_SOFT);
	expect(r, "552 full", "anchored", RULES_SOFT);
	(void)rules_free(r);
}

static void test_only_the_first_bytes_of_a_text_are_looked_at(void **state)
{
	(void)state;
	static char text[RULES_TEXT_MAX + 100];
	struct rules *r = good("needle==>Hard\n/pin.{3}end/ ==> soft\n");
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text + RULES_TEXT_MAX - 6, "needle", 6);
	expect(r, text, "t.rules:1", RULES_HARD);
	memmove(text + RULES_TEXT_MAX - 5, text + RULES_TEXT_MAX - 6, 6);
	text[RULES_TEXT_MAX - 6] = 'x';
	expect(r, text, "builtin:unknown", RULES_UNKNOWN);
	(void)rules_free(r);
}

static void test_any_bytes_can_be_matched(void **state)
{
	(void)state;
	struct rules *r = good("\xff\xfe==>Hard\n/\xc3.x/ ==> soft\n");
	expect(r, "550 \xff\xfe", "t.rules:1", RULES_HARD);
	expect(r, "550 \xc3\xa4x", "t.rules:2", RULES_SOFT);
	struct rules_fields f = text_of("550 \xc3\xa4x");
	struct rules_result got = judge(r, &f);
	char why[RULES_WHY_SIZE];
	assert_int_equal(rules_why(r, &f, &got, why), 0);
	assert_string_equal(why, "t.rules:2: \xc3\xa4x");
	assert_int_equal(rules_matched(r, &f, &got, why), 0);
	assert_string_equal(why, "\xc3\xa4x");
	(void)rules_free(r);
}

/* Earlier judgements and explanations must not use up the steps of this one. */
static void test_why_is_the_same_every_time(void **state)
{
	(void)state;
	struct rules *r = good("/mailbox .{0,40}full/ ==> soft\n");
	struct rules_fields f = text_of("550 mailbox of somebody is full");
	struct rules_view v;
	for (int i = 0; i < 5000; i++) {
		struct rules_result got;
		char why[RULES_WHY_SIZE];
		assert_int_equal(rules_judge(r, &f, &got), 0);
		assert_int_equal(rules_why(r, &f, &got, why), 0);
		assert_string_equal(why, "t.rules:1: mailbox of somebody is full");
	}
	rules_view(r, &v);
	assert_int_equal(v.limits, 0);
	(void)rules_free(r);
}

static void test_hostile_text_is_given_up_and_counted(void **state)
{
	(void)state;
	static char text[RULES_TEXT_MAX + 1];
	struct rules *r = good("/(a+)+x(b|c)*y/ ==> hard id=slow\n/(.*)(.*)(.*)z!/ ==> soft\n"
	                       "x==>block\n");
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text + RULES_TEXT_MAX - 20, "xz z yx z y", 11);
	struct rules_fields f = text_of(text);
	struct rules_result got;
	struct rules_view before, after;
	rules_view(r, &before);
	assert_int_equal(rules_judge(r, &f, &got), 0);
	rules_view(r, &after);
	assert_string_equal(got.id, "t.rules:3");
	assert_true(after.limits > before.limits);
	(void)rules_free(r);
}

static void test_normalised_texts_are_the_same(void **state)
{
	(void)state;
	static const char *const pairs[][3] = {
	        {"smtp;550 5.1.1 <joe@example.com>: gone (queue 4F3A21B09C)",
	         "smtp;550 5.1.1 <ann@example.org>: gone (queue 77AB34EF01)",
	         "550 5.1.1 <<addr>>: gone (queue <id>)"},
	        {"550 blocked 192.0.2.1 see https://support.google.com/mail/?p=NoSuchUser x1",
	         "550 blocked 192.0.2.77 see https://support.google.com/mail/?p=NoSuchUser x1",
	         "550 blocked <ip> see support.google.com?p=nosuchuser x1"},
	        {"550-5.7.1 a 550 5.7.1 b 10:11:12", "550 5.7.1 a b 23:59:59",
	         "550 5.7.1 a b <time>"},
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char a[256], b[256];
		rules_normalise(slice_of(pairs[i][0]), a, sizeof(a));
		rules_normalise(slice_of(pairs[i][1]), b, sizeof(b));
		assert_string_equal(a, pairs[i][2]);
		assert_string_equal(b, pairs[i][2]);
	}
	char small[8];
	rules_normalise(slice_of("a very long text"), small, sizeof(small));
	assert_string_equal(small, "a very ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_replies_of_several_lines_are_folded),
	        cmocka_unit_test(test_patterns_hit_the_raw_text_and_the_folded_one),
	        cmocka_unit_test(test_only_the_first_bytes_of_a_text_are_looked_at),
	        cmocka_unit_test(test_any_bytes_can_be_matched),
	        cmocka_unit_test(test_why_is_the_same_every_time),
	        cmocka_unit_test(test_hostile_text_is_given_up_and_counted),
	        cmocka_unit_test(test_normalised_texts_are_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
