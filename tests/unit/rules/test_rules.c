/*
 * test_rules.c - rules.h: the file, the order, what is built in, and that neither the prefilter nor
 * the memo changes a verdict (V1).
 */
#include "tests/unit/temp.h"

#include "rules/rules.h"

static char told[65536];

static void on_mistake(const struct file_mistake *m, void *arg)
{
	(void)arg;
	size_t used = strlen(told);
	(void)snprintf(told + used, sizeof(told) - used, "%s\n", m->line);
	assert_null(strchr(m->line, '\n'));
}

static int load(struct rules **ret, const char *text)
{
	told[0] = '\0';
	return rules_load_text(ret, "t.rules", slice_of(text), on_mistake, NULL);
}

static struct rules *good(const char *text)
{
	struct rules *r = NULL;
	int rc = load(&r, text);
	if (rc != 0)
		print_message("%s", told);
	assert_int_equal(rc, 0);
	assert_string_equal(told, "");
	return r;
}

static void bad(const char *text, const char *want)
{
	struct rules *r = NULL;
	int rc = load(&r, text);
	assert_int_equal(rc, -EINVAL);
	assert_null(r);
	if (!strstr(told, want))
		print_message("wanted: %s\ntold: %s", want, told);
	assert_non_null(strstr(told, want));
}

static const struct rules_fields nothing = {
        .diag = {"", 0},
        .status = {"", 0},
        .cat = {"", 0},
        .domain = {"", 0},
        .mta = {"", 0},
        .action = {"", 0},
        .feedback_type = {"", 0},
};

static struct rules_fields text_of(const char *diag)
{
	struct rules_fields f = nothing;
	f.diag = slice_of(diag);
	return f;
}

/* Both ways; and once more, from the memo. */
static struct rules_result judge(struct rules *r, const struct rules_fields *f)
{
	struct rules_result a, b, c;
	assert_int_equal(rules_judge(r, f, &a), 0);
	assert_int_equal(rules_judge_plainly(r, f, &b), 0);
	assert_int_equal(rules_judge(r, f, &c), 0);
	assert_string_equal(a.id, b.id);
	assert_string_equal(a.id, c.id);
	assert_int_equal(a.rule, b.rule);
	assert_int_equal(a.unmapped, b.unmapped);
	assert_int_equal(a.verdict, c.verdict);
	return a;
}

static void expect_of(struct rules *r, struct rules_fields f, const char *id,
                      enum rules_verdict verdict)
{
	struct rules_result got = judge(r, &f);
	assert_string_equal(got.id, id);
	assert_int_equal(got.verdict, verdict);
}

static void expect(struct rules *r, const char *diag, const char *id, enum rules_verdict verdict)
{
	expect_of(r, text_of(diag), id, verdict);
}

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

static void test_blanks_of_an_octeth_line_count_when_it_has_none_behind_the_arrow(void **state)
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

static void test_map_and_actions_say_what_becomes_of_it(void **state)
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

static void test_every_mistake_is_told_with_its_line(void **state)
{
	(void)state;
	bad("ok==>Hard\nUser unknown==>Hrad\n\nstatus=abc ==> hard\n",
	    "t.rules:2: unknown verdict");
	assert_non_null(strstr(told, "t.rules:4: 'status=abc' is not an enhanced status"));
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
	assert_null(strchr(told, '\x1b'));
}

static void test_nul_and_endless_lines_are_mistakes(void **state)
{
	(void)state;
	struct rules *r = NULL;
	told[0] = '\0';
	assert_int_equal(
	        rules_load_text(&r, "t", (struct slice){"a\0b==>Hard", 10}, on_mistake, NULL),
	        -EINVAL);
	assert_non_null(strstr(told, "t:1: a NUL character"));
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

static void test_tests_are_about_what_rules_say_not_what_map_makes_of_it(void **state)
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

static void test_unmatched_builtin_may_be_said(void **state)
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

/* ---- texts ---- */

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

/* What was judged and explained before must not use up the steps of this one. */
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

/* ---- V1: random rules over random texts ---- */

static uint64_t seed;

static unsigned chance(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static const char *const words[] = {"user",  "mailbox", "full",  "550",  "5.1.1", "unknown",
                                    "smtp;", "550-",    "a",     "over", "quota", "u",
                                    "ser",   "box",     "4.2.2", " ",    "x@y.z", "-"};
#define NWORDS (sizeof(words) / sizeof(words[0]))

static void add_word(char *to, size_t size)
{
	size_t used = strlen(to);
	(void)snprintf(to + used, size - used, "%s", words[chance(NWORDS)]);
}

static void add(char *to, size_t size, const char *text)
{
	size_t used = strlen(to);
	(void)snprintf(to + used, size - used, "%s", text);
}

static void random_regex(char *to, size_t size, unsigned depth)
{
	static const char *const bits[] = {
	        ".*",    ".",   "\\s+", "[a-u]", "?",     "+",      "^",     "$",   "\\b", "\\.",
	        "{0,3}", "{2}", "[x]",  "(?i)",  "(?=u)", "(?<!r)", "(?!f)", "\\d", "*?"};
	for (unsigned n = 1 + chance(4); n > 0; n--) {
		unsigned what = chance(10);
		if (what < 5) {
			add_word(to, size);
		} else if (what < 8) {
			add(to, size, bits[chance(sizeof(bits) / sizeof(bits[0]))]);
		} else if (depth < 3) {
			add(to, size, chance(3) ? "(" : "(?:");
			random_regex(to, size, depth + 1);
			add(to, size, "|");
			random_regex(to, size, depth + 1);
			add(to, size, chance(4) ? ")" : ")?");
		}
	}
}

static void random_rule(char *to, size_t size)
{
	static const char *const conditions[] = {"status=5.1.1 ", "status=5 ",  "cat=full ",
	                                         "mx=*.box ",     "domain=u* ", "status=4.2 "};
	static const char *const verdicts[] = {"hard", "soft", "block", "ignore", "unknown"};
	unsigned kind = chance(4);
	if (kind == 0) {
		add(to, size, "=");
		for (unsigned n = 1 + chance(3); n > 0; n--)
			add_word(to, size);
	}
	if (kind == 1 || kind == 3)
		add(to, size, conditions[chance(6)]);
	if (kind >= 2) {
		add(to, size, chance(6) ? "/" : "!/");
		random_regex(to, size, 0);
		add(to, size, chance(4) ? "/" : "/s");
	}
	add(to, size, "==>");
	add(to, size, verdicts[chance(5)]);
	add(to, size, "\n");
}

/* A rule that is none (a quantifier that follows nothing) is left out. */
static struct rules *random_rules(void)
{
	static char all[65536];
	struct rules *r = NULL;
	all[0] = '\0';
	for (unsigned n = 1 + chance(40); n > 0; n--) {
		char one[1024] = "";
		random_rule(one, sizeof(one));
		if (load(&r, one) < 0)
			continue;
		r = rules_free(r);
		add(all, sizeof(all), one);
	}
	return good(all);
}

static void random_text(char *to, size_t size)
{
	to[0] = '\0';
	if (chance(3))
		add(to, size, "smtp;");
	for (unsigned n = chance(12); n > 0; n--) {
		add_word(to, size);
		if (chance(3))
			add(to, size, " ");
	}
}

struct listed {
	char ids[4096];
};

static int list(const struct rules_result *result, void *arg)
{
	struct listed *l = arg;
	add(l->ids, sizeof(l->ids), result->id);
	add(l->ids, sizeof(l->ids), "\n");
	return 0;
}

static void test_V1_prefilter_and_memo_change_no_verdict(void **state)
{
	(void)state;
	const char *given = getenv("RULES_SEED");
	seed = given ? strtoull(given, NULL, 10) : 7;
	size_t decided = 0, judged = 0;
	for (int set = 0; set < 300; set++) {
		struct rules *r = random_rules();
		for (int i = 0; i < 200; i++) {
			char text[512], mta[32] = "", domain[32] = "";
			random_text(text, sizeof(text));
			add_word(domain, sizeof(domain));
			add_word(mta, sizeof(mta));
			add(mta, sizeof(mta), chance(2) ? ".box" : "");
			struct rules_fields f = text_of(text);
			f.status = slice_of(chance(2) ? "5.1.1 (x)" : "");
			f.cat = slice_of(words[chance(NWORDS)]);
			f.mta = slice_of(mta);
			f.domain = slice_of(domain);
			struct rules_result got = judge(r, &f);
			struct listed all = {""};
			assert_int_equal(rules_each_match(r, &f, list, &all), 0);
			assert_int_equal(strncmp(all.ids, got.id, strlen(got.id)), 0);
			decided += got.rule >= 0;
			judged++;
		}
		(void)rules_free(r);
	}
	assert_true(decided > judged / 4 && decided < judged); /* both ways were gone */
}

/* More distinct texts than the memo holds, then the first ones again. */
static void test_V1_a_full_memo_forgets_and_does_not_mix_up(void **state)
{
	(void)state;
	struct rules *r = good("/number [0-9]*7 / ==> hard id=seven\n/number/ ==> soft id=other\n");
	static char text[600];
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 20000; i++) {
			memset(text, '.', sizeof(text) - 1);
			int n = snprintf(text, sizeof(text), "550 number %d ", i);
			text[n] = '.';
			struct rules_fields f = text_of(text);
			struct rules_result got;
			assert_int_equal(rules_judge(r, &f, &got), 0);
			assert_string_equal(got.id, i % 10 == 7 ? "seven" : "other");
		}
	}
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
	told[0] = '\0';
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
	assert_non_null(strstr(told, "export.txt:1: the verdict after the last '==>' must be"));
	assert_non_null(strstr(told, "export.txt:2: no '==>'"));
	assert_int_equal(unlink(temp_path("export.txt")), 0);
	told[0] = '\0';
	assert_int_equal(rules_load(&r, &list_of, on_mistake, NULL), -EINVAL);
	assert_non_null(strstr(told, "10-a.rules:2: cannot read"));
}

static void test_no_file_is_no_rules_and_a_missing_one_is_a_mistake(void **state)
{
	(void)state;
	char *v[] = {"/nonexistent/*.rules"}, *w[] = {"/nonexistent/x.rules"}, *d[] = {"/tmp"};
	const struct strlist none = {v, 1}, missing = {w, 1}, folder = {d, 1};
	struct rules *r = (struct rules *)v;
	told[0] = '\0';
	assert_int_equal(rules_load(&r, &none, on_mistake, NULL), 0);
	assert_null(r);
	assert_int_equal(rules_load(&r, &missing, on_mistake, NULL), -EINVAL);
	assert_non_null(strstr(told, "/nonexistent/x.rules: No such file"));
	assert_int_equal(rules_load(&r, &folder, on_mistake, NULL), -EINVAL);
	assert_non_null(strstr(told, "/tmp: not a file"));
}

/* An operator's earlier rule may overrule a shipped one without failing its tests. */
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
	told[0] = '\0';
	assert_int_equal(rules_load(&r, &all, on_mistake, NULL), 0);
	expect(r, "mailbox full", "10-a.rules:1", RULES_HARD);
	r = rules_free(r);
	temp_rewrite("50-b.rules", "mailbox full==>Soft\n? mailbox full -> soft\n");
	assert_int_equal(rules_load(&r, &all, on_mistake, NULL), -EINVAL);
	assert_non_null(
	        strstr(told, "50-b.rules:2: self-test: must be soft, but \"10-a.rules:1\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_octeth_lines_are_literal_and_in_any_case),
	        cmocka_unit_test(
	                test_blanks_of_an_octeth_line_count_when_it_has_none_behind_the_arrow),
	        cmocka_unit_test(test_first_match_wins),
	        cmocka_unit_test(test_conditions_must_all_hold),
	        cmocka_unit_test(test_one_name_asked_of_two_fields_is_two_conditions),
	        cmocka_unit_test(test_with_m_each_line_has_a_beginning),
	        cmocka_unit_test(test_blanks_before_a_status_are_passed_over),
	        cmocka_unit_test(test_a_status_is_a_prefix_by_class),
	        cmocka_unit_test(test_complaints_are_seen_by_feedback_rules_alone),
	        cmocka_unit_test(test_map_and_actions_say_what_becomes_of_it),
	        cmocka_unit_test(test_every_mistake_is_told_with_its_line),
	        cmocka_unit_test(test_nul_and_endless_lines_are_mistakes),
	        cmocka_unit_test(test_self_tests_refuse_a_file),
	        cmocka_unit_test(test_tests_are_about_what_rules_say_not_what_map_makes_of_it),
	        cmocka_unit_test(test_unmatched_unknown_turns_the_builtin_rules_off),
	        cmocka_unit_test(test_unmatched_builtin_may_be_said),
	        cmocka_unit_test(test_builtin_rules_take_status_before_category),
	        cmocka_unit_test(test_replies_of_several_lines_are_folded),
	        cmocka_unit_test(test_patterns_hit_the_raw_text_and_the_folded_one),
	        cmocka_unit_test(test_only_the_first_bytes_of_a_text_are_looked_at),
	        cmocka_unit_test(test_any_bytes_can_be_matched),
	        cmocka_unit_test(test_why_is_the_same_every_time),
	        cmocka_unit_test(test_hostile_text_is_given_up_and_counted),
	        cmocka_unit_test(test_normalised_texts_are_the_same),
	        cmocka_unit_test(test_V1_prefilter_and_memo_change_no_verdict),
	        cmocka_unit_test(test_V1_a_full_memo_forgets_and_does_not_mix_up),
	        cmocka_unit_test_setup_teardown(
	                test_files_are_taken_by_name_and_octeth_files_verbatim, temp_setup,
	                temp_teardown),
	        cmocka_unit_test(test_no_file_is_no_rules_and_a_missing_one_is_a_mistake),
	        cmocka_unit_test_setup_teardown(test_tests_own_see_their_own_file_alone, temp_setup,
	                                        temp_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
