/*
 * test_syntax.c - syntax.h: the literals that every match must have, and unsupported expressions.
 */
#include "tests/unit/temp.h"

#include "rules/syntax.h"

/* Expects sets as "a|b&c|d", followed by " plain" or "?". */
static void demands(const char *regex, const char *want)
{
	struct syntax s;
	char got[2048] = "";
	assert_int_equal(syntax_read(&s, slice_of(regex)), 0);
	for (size_t i = 0; i < s.nsets; i++)
		for (size_t j = 0; j < s.sets[i].n; j++) {
			size_t used = strlen(got);
			(void)snprintf(got + used, sizeof(got) - used, "%s%s",
			               j   ? "|"
			               : i ? "&"
			                   : "",
			               s.sets[i].v[j].text);
		}
	(void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s",
	               !s.understood ? "?"
	               : s.plain     ? " plain"
	                             : "");
	assert_string_equal(got, want);
	syntax_clear(&s);
}

static void test_required_literals(void **state)
{
	(void)state;
	demands("User Unknown", "user unknown plain");
	demands("a|bc|d\\.e", "a|bc|d.e plain");
	demands("user.*unknown", "user&unknown");
	demands("(account|mailbox).{0,20}(disabled|full)", "account|mailbox&disabled|full");
	demands("colou?r", "colo&r");
	demands("ab*c", "a&c");
	demands("ab+c", "ab&c");
	demands("ab{2,}c", "ab&c");
	demands("ab{0,2}c", "a&c");
	demands("ab{0}c", "a&c");
	demands("(abc)?def", "def");
	demands("(abc|)def", "def");
	demands("(abc|x?)def", "def");
	demands("a(b|(c|de)f)g", "a&b|f&g");
	demands("[Aa]bc[xy]d", "abc&d");
	demands("[]x]a[^]]b", "a&b");
	demands("a[[:alpha:]]b", "a&b");
	demands("(?:abc)(?i)def(?<n>ghi)", "abc&def&ghi");
	demands("abc(?=def)(?!ghi)", "abc");
	demands("\\babc\\b\\d\\s", "abc");
	demands("^abc$", "abc");
	demands("a{b", "b");
	demands(".*", "");
}

static void test_unsupported_expressions_have_no_required_literals(void **state)
{
	(void)state;
	static const char *const regexes[] = {
	        "abc\\Qdef\\E", "(?x)a b",    "a(?#b)c",  "(a)\\1bcd",
	        "(*ACCEPT)abc", "(?(1)a|b)c", "(?R)abc",  "abc\\x41",
	        "a[[:b]c:]d]",  "abc)",       "(abc",     "[abc",
	        "*abc",         "abc\\Kdef",  "(?C1)abc", "\\Aa(?1)b"};
	for (size_t i = 0; i < sizeof(regexes) / sizeof(regexes[0]); i++)
		demands(regexes[i], "?");
}

static void parts(const char *regex, size_t nbars, bool start, const char *guarded)
{
	struct syntax s;
	assert_int_equal(syntax_read(&s, slice_of(regex)), 0);
	assert_int_equal(s.nbars, nbars);
	assert_int_equal(s.start, start);
	assert_int_equal(s.repeats, guarded != NULL);
	if (guarded) {
		assert_int_equal(s.guarded_len, strlen(guarded));
		assert_memory_equal(s.guarded, guarded, s.guarded_len);
	}
	syntax_clear(&s);
}

static void test_parts_and_callouts(void **state)
{
	(void)state;
	parts("a|b(c|d)|e", 2, false, NULL);
	parts("(?i)a|b", 0, false, NULL); /* what follows depends on the flags */
	parts("a.*b+?c{2}d?", 0, false, "a.*(?C)b+?(?C)c{2}(?C)d?(?C)");
	parts("(a+|b)*|c", 1, false, "(a+(?C)|b)*(?C)|c");
	parts("^a", 0, true, NULL);
	parts("(?<!x)a", 0, true, NULL);
	parts("\\ba\\.b", 0, false, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_required_literals),
	        cmocka_unit_test(test_unsupported_expressions_have_no_required_literals),
	        cmocka_unit_test(test_parts_and_callouts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
