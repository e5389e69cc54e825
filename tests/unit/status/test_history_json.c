/*
 * test_history_json.c - status/history_json.c: the last hour as the page gets it.
 */
#include "tests/unit/temp.h"

#include "agent/agent.h"

#define MINUTE 60000

static struct conf_source source = {.name = (char *)"bounces"};
static struct ship_conf endpoint = {.name = (char *)"octeth"};
static struct conf conf = {
        .sources = &source, .nsources = 1, .endpoints = &endpoint, .nendpoints = 1};

static struct agent agent_with_series(size_t *ret_n)
{
	struct agent a = {.conf = &conf};
	static struct history_series series[64];
	*ret_n = series_of_category(&a, CATEGORIES);
	assert_true(*ret_n <= 64);
	for (size_t i = 0; i < *ret_n; i++) {
		(void)snprintf(series[i].name, sizeof(series[i].name), "%zu", i);
		series[i].kind = i == series_of_source(0, SERIES_BEHIND) ? HISTORY_LEVEL
		                                                         : HISTORY_TOTAL;
	}
	assert_int_equal(history_open(&a.history, series, *ret_n, 0, NULL), 0);
	return a;
}

static void expect(const struct agent *a, const char *want)
{
	char *text = history_json(a);
	assert_string_equal(text, want);
	free(text);
}

static void test_a_young_agent_has_no_minute_yet(void **state)
{
	(void)state;
	size_t n;
	struct agent a = agent_with_series(&n);
	a.now_ms = 2000;
	expect(&a, "{\"stepSeconds\":60,\"ageSeconds\":2,\"sources\":[{\"name\":\"bounces\","
	           "\"read\":[],\"acknowledged\":[],\"behindBytes\":[]}],\"endpoints\":[{"
	           "\"name\":\"octeth\",\"requests\":[],\"accepted\":[],\"latencyMs\":[]}],"
	           "\"bounces\":[]}\n");
	(void)history_close(a.history);
}

static void test_minutes_means_and_categories_that_were_seen(void **state)
{
	(void)state;
	size_t n;
	uint64_t v[64] = {0};
	struct agent a = agent_with_series(&n);
	history_take(a.history, 1000, v);
	v[series_of_source(0, SERIES_READ)] = 7;
	v[series_of_source(0, SERIES_BEHIND)] = 500;
	v[series_of_endpoint(&a, 0, SERIES_REQUESTS)] = 5;
	v[series_of_endpoint(&a, 0, SERIES_ENDED)] = 4;
	v[series_of_endpoint(&a, 0, SERIES_ELAPSED)] = 50000;
	v[series_of_category(&a, 1)] = 6;
	history_take(a.history, MINUTE, v);
	v[series_of_source(0, SERIES_ACKED)] = 7;
	v[series_of_source(0, SERIES_BEHIND)] = 0;
	history_take(a.history, 2 * MINUTE, v);
	a.now_ms = 2 * MINUTE + 4000;
	expect(&a, "{\"stepSeconds\":60,\"ageSeconds\":4,\"sources\":[{\"name\":\"bounces\","
	           "\"read\":[7,0],\"acknowledged\":[0,7],\"behindBytes\":[500,0]}],"
	           "\"endpoints\":[{\"name\":\"octeth\",\"requests\":[5,0],\"accepted\":[0,0],"
	           "\"latencyMs\":[12.5,null]}],\"bounces\":[{\"category\":\"spam-related\","
	           "\"records\":[6,0]}]}\n");
	(void)history_close(a.history);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_a_young_agent_has_no_minute_yet),
	        cmocka_unit_test(test_minutes_means_and_categories_that_were_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
