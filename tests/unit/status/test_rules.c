/*
 * test_rules.c - rules in `status` and as metrics.
 */
#include "tests/unit/temp.h"

#include "rules/judge.h"
#include "status/rules.h"

static void on_mistake(const struct file_mistake *m, void *arg)
{
	(void)arg;
	fail_msg("%s", m->line);
}

static void judge(struct rules *r, const char *text)
{
	const struct rules_fields f = rules_fields_of(slice_of(text));
	struct rules_result result;
	assert_int_equal(rules_judge(r, &f, &result), 0);
	rules_count(r, &result);
}

static void print_json(FILE *f, const struct rules *r)
{
	struct json_writer w = {.out = f};
	rules_status_json(&w, r);
}

static char *printed(void (*print)(FILE *f, const struct rules *r), const struct rules *r)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	assert_non_null(f);
	print(f, r);
	assert_int_equal(fclose(f), 0);
	return text;
}

/* Rules with the same id are one time series; rules without a decision have none. */
static void test_metrics_have_a_series_a_verdict_and_an_id(void **state)
{
	(void)state;
	struct rules *r;
	static const char rules[] = "zero==>Hard id=zero\nunused==>Hard id=shared\n"
	                            "one==>Hard id=shared\ntwo==>Hard id=shared\nnoise==>ignore\n";
	assert_int_equal(rules_load_text(&r, "m.rules", slice_of(rules), on_mistake, NULL), 0);
	judge(r, "one");
	judge(r, "two");
	judge(r, "two");
	judge(r, "noise");
	judge(r, "550 5.1.1 nobody");
	char *text = printed(rules_metrics, r);
	assert_non_null(strstr(text, "pmta_shipper_bounce_rule_total{rule=\"shared\"} 3\n"));
	assert_non_null(strstr(text, "pmta_shipper_bounce_rule_total{rule=\"m.rules:5\"} 1\n"));
	assert_non_null(
	        strstr(text, "pmta_shipper_bounce_rule_total{rule=\"builtin:status 5.1.1\"} 1\n"));
	assert_null(strstr(text, "rule=\"zero\""));
	assert_ptr_equal(strstr(strstr(text, "\"shared\"") + 1, "\"shared\""), NULL);
	assert_non_null(strstr(text, "pmta_shipper_bounce_verdict_total{verdict=\"hard\"} 4\n"));
	assert_non_null(strstr(text, "pmta_shipper_bounce_verdict_total{verdict=\"ignore\"} 1\n"));
	assert_non_null(strstr(text, "pmta_shipper_bounce_withheld_total 1\n"));
	free(text);
	text = printed(print_json, r);
	assert_non_null(strstr(text, "\"files\":1,\"rules\":5,\"hard\":4,\"soft\":0"));
	free(text);
	(void)rules_free(r);
}

static void test_without_rules_there_is_little_to_show(void **state)
{
	(void)state;
	char *text = printed(rules_metrics, NULL);
	assert_string_equal(text, "");
	free(text);
	text = printed(rules_status_text, NULL);
	assert_string_equal(text, "");
	free(text);
	text = printed(print_json, NULL);
	assert_non_null(strstr(text, "\"rules\":{\"digest\":\"\",\"files\":0"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_metrics_have_a_series_a_verdict_and_an_id),
	        cmocka_unit_test(test_without_rules_there_is_little_to_show),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
