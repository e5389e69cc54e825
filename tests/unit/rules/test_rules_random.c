/*
 * test_rules_random.c - rules.h: random rules over random texts; neither the prefilter nor the memo
 * changes a verdict (V1).
 */
#include "tests/unit/rules/rig.h"

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

/* An invalid rule (a quantifier that follows nothing) is left out. */
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
	assert_true(decided > judged / 4 &&
	            decided < judged); /* rules and built-in rules both decided */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_V1_prefilter_and_memo_change_no_verdict),
	        cmocka_unit_test(test_V1_a_full_memo_forgets_and_does_not_mix_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
