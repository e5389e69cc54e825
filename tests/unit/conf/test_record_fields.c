/*
 * test_record_fields.c - record_fields.h: the columns of each record type, and none for other
 * types.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "conf/record_fields.h"

static void test_types_octeth_takes_have_columns(void **state)
{
	(void)state;
	assert_non_null(record_fields_of(slice_of("b")));
	assert_non_null(record_fields_of(slice_of("rb")));
	assert_non_null(record_fields_of(slice_of("f")));
	assert_null(record_fields_of(slice_of("d")));
	assert_null(record_fields_of(slice_of("")));
	assert_null(record_fields_of(slice_of("bb")));
	assert_non_null(record_fields_of((struct slice){"b timeLogged", 1}));
}

static void test_further_columns_are_none_of_the_first(void **state)
{
	static const char *const types[] = {"b", "rb", "f"};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const char *const *more = record_fields_more(slice_of(types[i]));
		assert_non_null(*more);
		for (; *more; more++)
			assert_null(strstr(record_fields_of(slice_of(types[i])), *more));
	}
	assert_null(*record_fields_more(slice_of("d")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_types_octeth_takes_have_columns),
	        cmocka_unit_test(test_further_columns_are_none_of_the_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
