/*
 * test_record.c - record.h: the type in a first cell, and values by name.
 */
#include "tests/unit/temp.h"

#include "record/columns.h"
#include "record/record.h"

static void test_types_that_PowerMTA_has(void **state)
{
	(void)state;
	static const struct {
		const char *word;
		enum record_type type;
	} types[] = {{"d", RECORD_DELIVERED},      {"b", RECORD_BOUNCED},
	             {"t", RECORD_TRANSIENT},      {"tq", RECORD_TRANSIENT_QUEUE},
	             {"r", RECORD_RECEIVED},       {"f", RECORD_FEEDBACK},
	             {"rb", RECORD_REMOTE_BOUNCE}, {"rs", RECORD_REMOTE_STATUS},
	             {"x", RECORD_OTHER},          {"zzz", RECORD_OTHER}};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		assert_int_equal(record_type_of(slice_of(types[i].word)), types[i].type);
}

static void test_names_of_types(void **state)
{
	(void)state;
	for (enum record_type t = RECORD_DELIVERED; t < RECORD_OTHER; t++)
		assert_int_equal(record_type_of(slice_of(record_type_names[t])), t);
	assert_string_equal(record_type_names[RECORD_OTHER], "other");
}

static void test_invalid_types(void **state)
{
	(void)state;
	static const char *const words[] = {"",  "B",   "rB", "abcd", " b",      "b ",
	                                    "1", "b\t", "-",  "type", "\xc3\xbc"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_int_equal(record_type_of(slice_of(words[i])), RECORD_NOT_A_TYPE);
	assert_int_equal(record_type_of((struct slice){"b\0", 2}), RECORD_NOT_A_TYPE);
	assert_int_equal(record_type_of((struct slice){"bounce", 1}), RECORD_BOUNCED);
}

static void test_values_by_name(void **state)
{
	(void)state;
	const struct slice cells[] = {slice_of("type"), slice_of("a"), slice_of("a")};
	const struct slice fields[] = {slice_of("b"), slice_of("1"), slice_of("2")};
	struct columns *columns;
	assert_int_equal(columns_new(&columns, cells, 3, "logType"), 0);
	const struct record rec = {.columns = columns, .fields = fields, .nfields = 3};
	assert_true(slice_is(record_get(&rec, "logType"), "b"));
	assert_true(slice_is(record_get(&rec, "a"), "1"));
	assert_true(slice_is(record_get(&rec, "a_2"), "2"));
	assert_true(slice_is(record_get(&rec, "none"), ""));
	(void)columns_free(columns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_types_that_PowerMTA_has),
	        cmocka_unit_test(test_names_of_types),
	        cmocka_unit_test(test_invalid_types),
	        cmocka_unit_test(test_values_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
