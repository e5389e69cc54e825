/*
 * test_metric.c - metric.h: the Prometheus text format, byte for byte.
 */
#include "tests/unit/temp.h"

#include <math.h>

#include "status/metric.h"

static char *text;
static size_t len;
static FILE *f;

static int setup(void **state)
{
	(void)state;
	f = open_memstream(&text, &len);
	return f ? 0 : -1;
}

static void expect(const char *want)
{
	(void)fclose(f);
	assert_string_equal(text, want);
	free(text);
}

static void test_a_family_and_its_samples(void **state)
{
	(void)state;
	metric_family(f, "rows_total", "counter", "Rows read.");
	metric_sample(f, "rows_total", NULL, 3);
	metric_sample(f, "rows_total", "source=\"a\"", 0.5);
	expect("# HELP rows_total Rows read.\n# TYPE rows_total counter\n"
	       "rows_total 3\nrows_total{source=\"a\"} 0.5\n");
}

static void test_a_count_is_exact_as_far_as_a_double_is(void **state)
{
	(void)state;
	metric_sample(f, "n", NULL, 9007199254740992);
	metric_sample(f, "n", NULL, 1234567890123);
	metric_sample(f, "n", NULL, -1);
	expect("n 9007199254740992\nn 1234567890123\nn -1\n");
}

static void test_unknown_values_give_no_sample(void **state)
{
	(void)state;
	metric_sample(f, "n", NULL, NAN);
	metric_sample(f, "n", "le=\"+Inf\"", INFINITY);
	metric_sample(f, "n", NULL, -INFINITY);
	expect("n{le=\"+Inf\"} +Inf\nn -Inf\n");
}

static void test_a_column_of_a_table(void **state)
{
	(void)state;
	static const struct numbers {
		double a, b;
	} rows[] = {{1, 2}, {3, NAN}};
	static const char *const names[] = {"x", "y"};
	static const struct metric a = {"a", "gauge", "A.", offsetof(struct numbers, a)},
	                           b = {"b", "gauge", "B.", offsetof(struct numbers, b)};
	metric_column(f, &a, "source", names, rows, 2, sizeof(rows[0]));
	metric_column(f, &b, "source", names, rows, 2, sizeof(rows[0]));
	metric_column(f, &b, "source", names, rows, 0, sizeof(rows[0]));
	expect("# HELP a A.\n# TYPE a gauge\na{source=\"x\"} 1\na{source=\"y\"} 3\n"
	       "# HELP b B.\n# TYPE b gauge\nb{source=\"x\"} 2\n"
	       "# HELP b B.\n# TYPE b gauge\n");
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_a_family_and_its_samples),
	        TEST(test_a_count_is_exact_as_far_as_a_double_is),
	        TEST(test_unknown_values_give_no_sample),
	        TEST(test_a_column_of_a_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
