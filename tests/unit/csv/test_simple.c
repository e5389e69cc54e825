/*
 * test_simple.c - simple.h: rows are split as libcsv splits them, or left to libcsv.
 */
#include "tests/unit/temp.h"

#include "csv/simple.h"
#include "tests/libcsv.h"

#define CELLS_MAX 16

static size_t split(const char *row, char *copy, size_t size, struct slice *cells)
{
	(void)snprintf(copy, size, "%s", row);
	return simple_split(copy, strlen(row), cells, CELLS_MAX);
}

static void test_simple_rows_and_their_cells(void **state)
{
	(void)state;
	static const struct {
		const char *row;
		const char *cells[5];
	} rows[] = {
	        {"a", {"a"}},
	        {"a,b", {"a", "b"}},
	        {"a,,", {"a", "", ""}},
	        {",", {"", ""}},
	        {"\"\"", {""}},
	        {"\"a\"", {"a"}},
	        {"\"a,b\",c", {"a,b", "c"}},
	        {"b,\"550 5.1.1 <\"\"x\"\"> no\",d", {"b", "550 5.1.1 <\"x\"> no", "d"}},
	        {"\"\"\"\",\"\"\"a\"", {"\"", "\"a"}},
	        {" a , b\t", {" a ", " b\t"}},
	        {"a\rb,c", {"a\rb", "c"}},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char copy[64];
		struct slice cells[CELLS_MAX];
		size_t n = split(rows[i].row, copy, sizeof(copy), cells), want = 0;
		while (want < 5 && rows[i].cells[want])
			want++;
		if (n != want)
			fail_msg("%s: %zu cells", rows[i].row, n);
		for (size_t j = 0; j < n; j++)
			assert_string_equal(cells[j].text, rows[i].cells[j]);
	}
}

static void test_anything_else_is_left_to_libcsv(void **state)
{
	(void)state;
	static const char *const rows[] = {
	        "\"",       "\"a",          "a\"",       "a\"b,c",
	        "a,b\"",    "\"a\"b",       "\"a\" ,b",  "\"a\"\"",
	        " \"a\",b", "\"a\",b\"c\"", "\"a\nb\"x", "1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char copy[64];
		struct slice cells[CELLS_MAX];
		if (split(rows[i], copy, sizeof(copy), cells) != 0)
			fail_msg("%s is accepted as simple", rows[i]);
	}
}

/* Made of significant characters, so that every case is frequent. */
static void test_random_rows_are_split_as_libcsv_splits_them(void **state)
{
	(void)state;
	static const char letters[] = ",,,\"\"\"ab \t\r\xc3\xa9";
	size_t simple = 0;
	for (int round = 0; round < 200000; round++) {
		char row[24], copy[24];
		struct slice cells[CELLS_MAX];
		size_t len = 1 + temp_random(sizeof(row) - 1);
		for (size_t i = 0; i < len; i++)
			row[i] = letters[temp_random(sizeof(letters) - 1)];
		const char *why = libcsv_differs(row, len, CELLS_MAX);
		if (why)
			fail_msg("%.*s: %s", (int)len, row, why);
		memcpy(copy, row, len);
		simple += simple_split(copy, len, cells, CELLS_MAX) > 0;
	}
	assert_true(simple > 10000); /* otherwise this test would show nothing */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_simple_rows_and_their_cells),
	        cmocka_unit_test(test_anything_else_is_left_to_libcsv),
	        cmocka_unit_test(test_random_rows_are_split_as_libcsv_splits_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
