/* test_fate.c - fate.h: the decision as a table, from nothing known to everything known. */
#include "tests/unit/temp.h"

#include "archive/fate.h"

#pragma GCC diagnostic ignored "-Woverride-init" /* each case is READ with a difference */

/* A row that the agent read, sent and got an answer for. */
#define READ                                                                                       \
	.store = true, .entry = true, .proved = true, .settled = true, .how = PART_READ,           \
	.is_record = true, .selected = true, .selection = true, .was_selected = true,              \
	.same_rules = true

static const struct {
	const char *what;
	struct fate_case c;
	enum fate fate;
} table[] = {
        {"no store", {.is_record = true, .selected = true}, FATE_UNKNOWN},
        {"no store, another type", {.is_record = true}, FATE_SKIPPED},
        {"no store, not a record", {0}, FATE_UNKNOWN},
        {"a new file", {.store = true, .is_record = true, .selected = true}, FATE_BEHIND},
        {"a new file, another type", {.store = true, .is_record = true}, FATE_SKIPPED},
        {"changed in a crash", {READ, .proved = false}, FATE_UNKNOWN},
        {"answered", {READ}, FATE_ACKNOWLEDGED},
        {"not read yet", {READ, .settled = false}, FATE_BEHIND},
        {"in a batch", {READ, .settled = false, .sent = true}, FATE_IN_FLIGHT},
        {"not read yet, another type", {READ, .settled = false, .selected = false}, FATE_SKIPPED},
        {"skipped", {READ, .selected = false, .was_selected = false}, FATE_SKIPPED},
        {"its type was added later", {READ, .was_selected = false}, FATE_SKIPPED},
        {"its type was removed later", {READ, .selected = false}, FATE_ACKNOWLEDGED},
        {"withheld", {READ, .withheld = true}, FATE_IGNORED},
        {"a rule was added later",
         {READ, .withheld = true, .same_rules = false},
         FATE_ACKNOWLEDGED},
        {"other rules withheld some",
         {READ, .same_rules = false, .any_ignored = true},
         FATE_SETTLED},
        {"the same rules withheld some", {READ, .any_ignored = true}, FATE_ACKNOWLEDGED},
        {"the selection is not stored", {READ, .selection = false}, FATE_SETTLED},
        {"unreadable, letter gone", {READ, .is_record = false}, FATE_SETTLED},
        {"passed at the first start", {READ, .how = PART_PASSED}, FATE_PASSED},
        {"a passed file", {READ, .passed = true, .how = PART_PASSED}, FATE_PASSED},
        {"a passed file of an earlier store", {READ, .passed = true, .how = 0}, FATE_PASSED},
        {"a passed file that was rewritten",
         {READ, .passed = true, .proved = false, .how = PART_PASSED},
         FATE_PASSED},
        {"read by Logstash", {READ, .how = PART_LOGSTASH}, FATE_LOGSTASH},
        {"a file that Logstash read", {READ, .passed = true, .how = PART_LOGSTASH}, FATE_LOGSTASH},
        {"settled before parts", {READ, .how = PART_UNKNOWN}, FATE_SETTLED},
        {"settled before parts, another type",
         {READ, .how = PART_UNKNOWN, .selected = false},
         FATE_SETTLED},
        {"the counts prove all", {READ, .how = PART_UNKNOWN, .all_acked = true}, FATE_ACKNOWLEDGED},
        {"counts prove nothing of what was passed",
         {READ, .how = PART_PASSED, .all_acked = true},
         FATE_PASSED},
        {"a cut row and its rest", {READ, .altered = true}, FATE_UNKNOWN},
        {"a cut row, by the counts",
         {READ, .how = PART_UNKNOWN, .all_acked = true, .altered = true},
         FATE_UNKNOWN},
        {"a letter in a file with a cut row",
         {READ, .altered = true, .letter = LETTER_KEPT},
         FATE_DEAD},
        {"a letter", {READ, .letter = LETTER_KEPT}, FATE_DEAD},
        {"a partial letter", {READ, .letter = LETTER_PARTIAL}, FATE_PARTIAL},
        {"a dropped letter", {READ, .letter = LETTER_DROPPED}, FATE_DROPPED},
        {"a dropped letter of before", {READ, .how = 0, .letter = LETTER_DROPPED}, FATE_DROPPED},
        {"a letter, the file rewritten", {READ, .proved = false, .letter = LETTER_KEPT}, FATE_DEAD},
};

static void test_each_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		enum fate got = fate_decide(&table[i].c);
		if (got != table[i].fate)
			fail_msg("%s: %s, not %s", table[i].what, fate_name(got),
			         fate_name(table[i].fate));
	}
}

/* Over all combinations: nothing is acknowledged that was not read here, or proved by counts. */
static void test_nothing_else_is_acknowledged(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 1u << 14; bits++) {
		for (unsigned how = 0; how < 4; how++) {
			for (unsigned letter = 0; letter < 4; letter++) {
				struct fate_case c = {
				        .store = bits & 1,
				        .entry = bits & 2,
				        .proved = bits & 4,
				        .passed = bits & 8,
				        .settled = bits & 16,
				        .sent = bits & 32,
				        .how = how,
				        .all_acked = bits & 64,
				        .is_record = bits & 128,
				        .selected = bits & 256,
				        .selection = bits & 512,
				        .was_selected = bits & 1024,
				        .same_rules = bits & 2048,
				        .withheld = bits & 4096,
				        .altered = bits & 8192,
				        .any_ignored = true,
				        .letter = (enum fate_letter)letter,
				};
				if (fate_decide(&c) != FATE_ACKNOWLEDGED)
					continue;
				assert_true(c.store && c.entry && c.proved && c.settled &&
				            !c.passed && !c.altered);
				assert_true(letter == LETTER_NONE);
				assert_true(how == PART_READ ||
				            (how == PART_UNKNOWN && c.all_acked));
				assert_true(c.all_acked ||
				            (c.was_selected && c.same_rules && !c.withheld));
			}
		}
	}
}

static void test_each_fate_has_words(void **state)
{
	(void)state;
	for (int i = 0; i < FATES; i++) {
		assert_non_null(fate_name((enum fate)i));
		assert_non_null(fate_words((enum fate)i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_each_case),
	        cmocka_unit_test(test_nothing_else_is_acknowledged),
	        cmocka_unit_test(test_each_fate_has_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
