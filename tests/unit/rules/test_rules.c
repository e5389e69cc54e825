/* test_rules.c - rules.h: the file, the order, and what is built in. */
#include "tests/unit/rules/rig.h"

/* ---- the file ---- */

static void test_octeth_lines_are_literal_and_in_any_case(void **state)
{
	(void)state;
	struct rules *r = good("User unknown==>Hard\n"
	                       "550 5.7.1 Unfortunately, messages from==>Hard\n"
	                       "a.c ==> soft\r\n"
	                       "x ==> y==>SOFT\n");
	expect(r, "smtp;550 USER UNKNOWN here", "t.rules:1", RULES_HARD);
	expect(r, "smtp;550 5.7.1 unfortunately, messages from [192.0.2.1]", "t.rules:2",
	       RULES_HARD);
	expect(r, "550 abc", "builtin:unknown", RULES_UNKNOWN);
	expect(r, "550 A.C", "t.rules:3", RULES_SOFT);
	expect(r, "550 x ==> y", "t.rules:4", RULES_SOFT);
	(void)rules_free(r);
}

static void test_blanks_of_an_octeth_line_count_if_there_is_none_after_the_arrow(void **state)
{
	(void)state;
	struct rules *r = good("550 5.7.1 ==>Hard\nfull ==> soft\n");
	expect(r, "550 5.7.13 x", "builtin:status 5.7", RULES_BLOCK);
	expect(r, "550 5.7.1 x", "t.rules:1", RULES_HARD);
	expect(r, "mailbox full", "t.rules:2", RULES_SOFT);
	(void)rules_free(r);
}

static void test_first_match_wins(void **state)
{
	(void)state;
	struct rules *r = good("/user.*unknown/ ==> soft id=first\nunknown==>Hard\n");
	expect(r, "550 user is unknown", "first", RULES_SOFT);
	expect(r, "550 unknown user", "t.rules:2", RULES_HARD);
	(void)rules_free(r);
}

static void test_conditions_must_all_hold(void **state)
{
	(void)state;
	struct rules *r = good(
	        "status=5.4.1 mx=*.protection.outlook.com /access denied/ ==> hard id=dbeb\n"
	        "status=5.1.1 !/too many recipients|IB607/ ==> hard id=no-mailbox\n"
	        "cat=spam-related,policy-related domain=*.example ==> block id=cat\n"
	        "dsnaction=delayed ==> ignore id=later\n"
	        "status=5.2 ==> soft id=class\n");
	struct rules_fields f = text_of("smtp;550 5.4.1 Recipient rejected: Access denied.");
	f.status = slice_of("5.4.1 (unable to route)");
	f.mta = slice_of("a.mail.protection.outlook.com (192.0.2.1)");
	expect_of(r, f, "dbeb", RULES_HARD);
	f.mta = slice_of("dns; A.mail.Protection.Outlook.com");
	expect_of(r, f, "dbeb", RULES_HARD);
	f.mta = slice_of("mx.example.com (192.0.2.1)");
	expect_of(r, f, "builtin:status 5.4", RULES_SOFT);
	expect(r, "550 5.1.1 nobody", "no-mailbox", RULES_HARD);
	expect(r, "550 5.1.1 recipients this hour. ib607", "builtin:status 5.1.1", RULES_HARD);
	f = nothing;
	f.cat = slice_of("Policy-Related");
	f.domain = slice_of("mail.EXAMPLE");
	expect_of(r, f, "cat", RULES_BLOCK);
	f.domain = slice_of("mail.test");
	expect_of(r, f, "builtin:cat policy-related", RULES_BLOCK);
	f.action = slice_of("delayed");
	expect_of(r, f, "later", RULES_IGNORE);
	f = text_of("550 x");
	f.status = slice_of("5.2.13");
	expect_of(r, f, "class", RULES_SOFT);
	(void)rules_free(r);
}

static void test_one_name_asked_of_two_fields_is_two_conditions(void **state)
{
	(void)state;
	struct rules *r = good("domain=*.example ==> soft id=domain\n"
	                       "mx=*.example ==> hard id=mx\n");
	struct rules_fields f = text_of("550 no");
	f.domain = slice_of("a.test");
	f.mta = slice_of("mx.example (192.0.2.1)");
	expect_of(r, f, "mx", RULES_HARD);
	f.domain = slice_of("a.example");
	f.mta = slice_of("mx.test (192.0.2.1)");
	expect_of(r, f, "domain", RULES_SOFT);
	(void)rules_free(r);
}

static void test_with_m_each_line_has_a_beginning(void **state)
{
	(void)state;
	struct rules *r = good("/^second/m ==> hard id=m\n/^third/ ==> hard id=no\n");
	expect(r, "550 first\nsecond", "m", RULES_HARD);
	expect(r, "550 first\nthird", "builtin:unknown", RULES_UNKNOWN);
	(void)rules_free(r);
}

static void test_blanks_before_a_status_are_passed_over(void **state)
{
	(void)state;
	struct rules *r = good("full==>soft\n");
	struct rules_fields f = text_of("no");
	f.status = slice_of(" \t5.7.1 (policy)");
	expect_of(r, f, "builtin:status 5.7", RULES_BLOCK);
	(void)rules_free(r);
}

static void test_a_status_is_a_prefix_by_class(void **state)
{
	(void)state;
	struct rules *r = good("status=5.7.1 ==> hard id=one\nstatus=5.7 ==> soft id=class\n");
	struct rules_fields f = nothing;
	f.status = slice_of("5.7.1 (x)");
	expect_of(r, f, "one", RULES_HARD);
	f.status = slice_of("5.7.13");
	expect_of(r, f, "class", RULES_SOFT);
	f.status = slice_of("5.71.1");
	expect_of(r, f, "builtin:unknown", RULES_UNKNOWN);
	(void)rules_free(r);
}

static void test_complaints_are_seen_by_feedback_rules_alone(void **state)
{
	(void)state;
	struct rules *r = good("feedback=not-spam,auth-failure ==> ignore id=no-complaint\n"
	                       "domain=example.com ==> hard id=bounces\n");
	struct rules_fields f = nothing;
	struct rules_result got;
	f.feedback = true;
	f.domain = slice_of("example.com");
	f.feedback_type = slice_of("not-spam");
	expect_of(r, f, "no-complaint", RULES_IGNORE);
	assert_int_equal(rules_judge(r, &f, &got), 0);
	assert_false(got.deliver);
	f.feedback_type = slice_of("abuse");
	got = judge(r, &f);
	assert_true(got.silent && got.deliver);
	f.feedback = false;
	f.feedback_type = slice_of("not-spam");
	expect_of(r, f, "bounces", RULES_HARD);
	(void)rules_free(r);
}

static void test_map_and_actions_decide_the_delivery(void **state)
{
	(void)state;
	struct rules *r = good("%map block=ignore\n"
	                       "blocked==>block\n"
	                       "/no such/ ==> hard action=deleteuserandbounce\n"
	                       "gone ==> hard action=delete-bounce id=gone\n"
	                       "full ==> soft action=BlacklistEmail\n");
	struct rules_fields f = text_of("550 blocked");
	struct rules_result got = judge(r, &f);
	assert_true(got.unmapped == RULES_BLOCK && got.verdict == RULES_IGNORE && !got.deliver);
	f = text_of("550 no such user");
	got = judge(r, &f);
	assert_string_equal(got.action, "delete-subscriber-and-delete-bounce");
	assert_true(got.deliver && !got.counted);
	rules_count(r, &got);
	f = text_of("550 gone");
	got = judge(r, &f);
	assert_true(!got.deliver && !got.counted);
	rules_count(r, &got);
	f = text_of("550 full");
	got = judge(r, &f);
	assert_string_equal(got.action, "blacklist-address");
	assert_true(got.deliver && got.counted);
	rules_count(r, &got);
	struct rules_view v;
	rules_view(r, &v);
	assert_int_equal(v.judged[RULES_SOFT], 1);
	assert_int_equal(v.judged[RULES_HARD], 0);
	assert_int_equal(v.uncounted, 2);
	assert_int_equal(v.withheld, 1);
	(void)rules_free(r);
}

static void test_every_mistake_is_reported_with_its_line(void **state)
{
	(void)state;
	bad("ok==>Hard\nUser unknown==>Hrad\n\nstatus=abc ==> hard\n",
	    "t.rules:2: unknown verdict");
	assert_non_null(strstr(mistakes, "t.rules:4: 'status=abc' is not an enhanced status"));
	bad("/a(b/ ==> hard", "t.rules:1: invalid regular expression: missing closing parenth");
	bad("/ab ==> hard", "has no closing '/'");
	bad("/usr/bin/procmail: x==>Hard", "unknown flag 'b'");
	bad("// ==> hard", "empty regular expression");
	bad("==>Hard", "empty text");
	bad("x==>", "unknown verdict ''");
	bad("x==>hard id=a b", "'b' is neither");
	bad("x==>hard id=builtin:x", "must be 1 to 64");
	bad("x==>hard action=shoot", "unknown action 'shoot'");
	bad("status=5.1.1 foo=1 ==> hard", "'foo=1' is not a condition");
	bad("feedback=abuse /x/ ==> ignore", "neither text nor status");
	bad("%map block", "takes two verdicts");
	bad("%map block=soft\n%map block=hard", "t.rules:2: contradicts line 1");
	bad("%unmatched maybe", "takes builtin or unknown");
	bad("%frob x", "unknown setting '%frob'");
	bad("what is this", "not a rule");
	bad("include octeth x.txt", "not possible here");
	bad("include other x.txt", "an include is");
	bad("? text without arrow", "a self-test is");
	bad("mail,==>Hard,\n", "unknown verdict 'Hard,'");
	bad("\x1b[2Jx", "not a rule");
	assert_null(strchr(mistakes, '\x1b'));
}

static void test_nul_and_endless_lines_are_mistakes(void **state)
{
	(void)state;
	struct rules *r = NULL;
	mistakes[0] = '\0';
	assert_int_equal(
	        rules_load_text(&r, "t", (struct slice){"a\0b==>Hard", 10}, on_mistake, NULL),
	        -EINVAL);
	assert_non_null(strstr(mistakes, "t:1: a NUL character"));
	static char line[20000];
	memset(line, 'x', sizeof(line) - 1);
	bad(line, "t.rules:1: a line of more than");
	strcpy(line + 1200, "==>Hard");
	bad(line, "t.rules:1: a text of more than");
}

static void test_self_tests_refuse_a_file(void **state)
{
	(void)state;
	(void)rules_free(good("User unknown==>Hard\n"
	                      "status=5.4.1 mx=*.outlook.com ==> hard\n"
	                      "? smtp;550 5.1.1 <a@b>... User unknown          -> hard\n"
	                      "?! smtp;550 5.7.1 Service unavailable, blocked  -> hard\n"
	                      "? status=5.4.1 mx=x.outlook.com Access denied -> hard\n"
	                      "? cat=quota-issues status=5.0.0 what -> soft\n"
	                      "? a -> b -> unknown\n"));
	bad("full==>Soft\n? mailbox full -> hard\n",
	    "t.rules:2: self-test: must be hard, but \"t.rules:1\" gives soft: mailbox full");
	bad("full==>Soft\n?! mailbox full -> soft\n", "t.rules:2: self-test: must not be soft");
	bad("? what -> hrad", "unknown verdict 'hrad'");
}

static void test_self_tests_check_the_verdicts_before_map(void **state)
{
	(void)state;
	(void)rules_free(good("%map block=soft\nblocked==>block\n? blocked -> block\n"));
}

static void test_unmatched_unknown_turns_the_builtin_rules_off(void **state)
{
	(void)state;
	struct rules *r = good("%unmatched unknown\nfull==>soft\n");
	expect(r, "550 5.1.1 nobody", "builtin:unknown", RULES_UNKNOWN);
	(void)rules_free(r);
}

/* ---- what is built in ---- */

static void test_unmatched_builtin_may_be_given(void **state)
{
	(void)state;
	struct rules *r = good("%unmatched builtin\nfull==>soft\n");
	expect(r, "550 5.7.1 x", "builtin:status 5.7", RULES_BLOCK);
	(void)rules_free(r);
}

static void test_builtin_rules_take_status_before_category(void **state)
{
	(void)state;
	struct rules *r = good("");
	struct rules_fields f = text_of("smtp;550 5.1.1 Recipient address rejected");
	f.status = slice_of("5.1.1 (bad destination mailbox address)");
	f.cat = slice_of("policy-related");
	expect_of(r, f, "builtin:status 5.1.1", RULES_HARD);
	f.status = slice_of("5.0.0 (undefined status)");
	expect_of(r, f, "builtin:status 5.1.1", RULES_HARD);
	f.diag = slice_of("smtp;550 rejected");
	expect_of(r, f, "builtin:cat policy-related", RULES_BLOCK);
	f.cat = slice_of("other");
	expect_of(r, f, "builtin:unknown", RULES_UNKNOWN);
	f.diag = slice_of("smtp;421 later");
	f.status = SLICE_EMPTY;
	expect_of(r, f, "builtin:status 4", RULES_SOFT);
	f.diag = slice_of("smtp;550 from 5.16.55.1 x");
	expect_of(r, f, "builtin:unknown", RULES_UNKNOWN);
	f.status = slice_of("5.7.26");
	expect_of(r, f, "builtin:status 5.7", RULES_BLOCK);
	f.cat = slice_of("bad-domain");
	f.status = slice_of("5.5.0 (x)");
	expect_of(r, f, "builtin:cat bad-domain", RULES_HARD);
	(void)rules_free(r);
}

/* ---- files ---- */

static void test_files_are_taken_by_name_and_octeth_files_verbatim(void **state)
{
	(void)state;
	char pattern[512];
	temp_append("20-b.rules", "twenty==>Hard\nboth==>Hard\n");
	temp_append("10-a.rules", "both==>Soft\ninclude octeth export.txt\n");
	temp_append("export.txt", "# sharp==>Hard\r\n/usr/bin/x==>Soft\n\n");
	(void)snprintf(pattern, sizeof(pattern), "%s", temp_path("*.rules"));
	char *v[] = {pattern};
	const struct strlist list_of = {v, 1};
	struct rules *r = NULL;
	mistakes[0] = '\0';
	assert_int_equal(rules_load(&r, &list_of, on_mistake, NULL), 0);
	expect(r, "550 both", "10-a.rules:1", RULES_SOFT);
	expect(r, "550 # sharp", "export.txt:1", RULES_HARD);
	expect(r, "550 /usr/bin/x", "export.txt:2", RULES_SOFT);
	expect(r, "550 twenty", "20-b.rules:1", RULES_HARD);
	struct rules_view a, b;
	rules_view(r, &a);
	assert_int_equal(a.files, 3);
	(void)rules_free(r);
	temp_rewrite("export.txt", "# sharp==>Hard\n/usr/bin/x==>Hard\n");
	assert_int_equal(rules_load(&r, &list_of, on_mistake, NULL), 0);
	rules_view(r, &b);
	assert_string_not_equal(a.digest, b.digest);
	(void)rules_free(r);
	temp_rewrite("export.txt", "x==>Block\ny\n");
	assert_int_equal(rules_load(&r, &list_of, on_mistake, NULL), -EINVAL);
	assert_non_null(strstr(mistakes, "export.txt:1: the verdict after the last '==>' must be"));
	assert_non_null(strstr(mistakes, "export.txt:2: no '==>'"));
	assert_int_equal(unlink(temp_path("export.txt")), 0);
	mistakes[0] = '\0';
	assert_int_equal(rules_load(&r, &list_of, on_mistake, NULL), -EINVAL);
	assert_non_null(strstr(mistakes, "10-a.rules:2: cannot read"));
}

static void test_no_file_is_no_rules_and_a_missing_one_is_a_mistake(void **state)
{
	(void)state;
	char *v[] = {"/nonexistent/*.rules"}, *w[] = {"/nonexistent/x.rules"}, *d[] = {"/tmp"};
	const struct strlist none = {v, 1}, missing = {w, 1}, folder = {d, 1};
	struct rules *r = (struct rules *)v;
	mistakes[0] = '\0';
	assert_int_equal(rules_load(&r, &none, on_mistake, NULL), 0);
	assert_null(r);
	assert_int_equal(rules_load(&r, &missing, on_mistake, NULL), -EINVAL);
	assert_non_null(strstr(mistakes, "/nonexistent/x.rules: No such file"));
	assert_int_equal(rules_load(&r, &folder, on_mistake, NULL), -EINVAL);
	assert_non_null(strstr(mistakes, "/tmp: not a file"));
}

/* An operator's earlier rule may override a shipped rule without failing its self-tests. */
static void test_tests_own_see_their_own_file_alone(void **state)
{
	(void)state;
	char pattern[512];
	temp_append("10-a.rules", "full==>Hard\n");
	temp_append("50-b.rules", "%tests own\nmailbox full==>Soft\n? mailbox full -> soft\n");
	(void)snprintf(pattern, sizeof(pattern), "%s", temp_path("*.rules"));
	char *v[] = {pattern};
	const struct strlist all = {v, 1};
	struct rules *r = NULL;
	mistakes[0] = '\0';
	assert_int_equal(rules_load(&r, &all, on_mistake, NULL), 0);
	expect(r, "mailbox full", "10-a.rules:1", RULES_HARD);
	r = rules_free(r);
	temp_rewrite("50-b.rules", "mailbox full==>Soft\n? mailbox full -> soft\n");
	assert_int_equal(rules_load(&r, &all, on_mistake, NULL), -EINVAL);
	assert_non_null(
	        strstr(mistakes, "50-b.rules:2: self-test: must be soft, but \"10-a.rules:1\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_octeth_lines_are_literal_and_in_any_case),
	        cmocka_unit_test(
	                test_blanks_of_an_octeth_line_count_if_there_is_none_after_the_arrow),
	        cmocka_unit_test(test_first_match_wins),
	        cmocka_unit_test(test_conditions_must_all_hold),
	        cmocka_unit_test(test_one_name_asked_of_two_fields_is_two_conditions),
	        cmocka_unit_test(test_with_m_each_line_has_a_beginning),
	        cmocka_unit_test(test_blanks_before_a_status_are_passed_over),
	        cmocka_unit_test(test_a_status_is_a_prefix_by_class),
	        cmocka_unit_test(test_complaints_are_seen_by_feedback_rules_alone),
	        cmocka_unit_test(test_map_and_actions_decide_the_delivery),
	        cmocka_unit_test(test_every_mistake_is_reported_with_its_line),
	        cmocka_unit_test(test_nul_and_endless_lines_are_mistakes),
	        cmocka_unit_test(test_self_tests_refuse_a_file),
	        cmocka_unit_test(test_self_tests_check_the_verdicts_before_map),
	        cmocka_unit_test(test_unmatched_unknown_turns_the_builtin_rules_off),
	        cmocka_unit_test(test_unmatched_builtin_may_be_given),
	        cmocka_unit_test(test_builtin_rules_take_status_before_category),
	        cmocka_unit_test_setup_teardown(
	                test_files_are_taken_by_name_and_octeth_files_verbatim, temp_setup,
	                temp_teardown),
	        cmocka_unit_test(test_no_file_is_no_rules_and_a_missing_one_is_a_mistake),
	        cmocka_unit_test_setup_teardown(test_tests_own_see_their_own_file_alone, temp_setup,
	                                        temp_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
