/*
 * test_history_json.c - history_json.h: the last hour, as sent to the page.
 */
#include "tests/unit/temp.h"

#include "status/counters.h"
#include "status/history_json.h"
#include "status/series.h"

#define MINUTE 60000

static struct conf_source source = {.name = (char *)"bounces"};
static struct ship_conf endpoint = {.name = (char *)"octeth"};
static const struct conf conf = {
        .sources = &source, .nsources = 1, .endpoints = &endpoint, .nendpoints = 1};

static struct history *open_history(void)
{
	static struct history_series series[64];
	struct history *h;
	assert_true(series_count(&conf) <= 64);
	series_names(&conf, series);
	assert_int_equal(history_open(&h, series, series_count(&conf), 0, NULL), 0);
	return h;
}

static void expect(const struct history *h, int64_t now_ms, const char *want)
{
	char *text = history_json(&conf, h, now_ms);
	assert_string_equal(text, want);
	free(text);
}

static void test_a_young_agent_has_no_minute_yet(void **state)
{
	(void)state;
	struct history *h = open_history();
	expect(h, 2000,
	       "{\"stepSeconds\":60,\"ageSeconds\":2,\"sources\":[{\"name\":\"bounces\","
	       "\"read\":[],\"acknowledged\":[],\"behindBytes\":[]}],\"endpoints\":[{"
	       "\"name\":\"octeth\",\"requests\":[],\"accepted\":[],\"latencyMs\":[]}],"
	       "\"bounces\":[]}\n");
	(void)history_close(h);
}

static void test_minutes_means_and_categories_that_were_seen(void **state)
{
	(void)state;
	uint64_t v[64] = {0};
	struct history *h = open_history();
	history_take(h, 1000, v);
	v[series_of_source(0, SERIES_READ)] = 7;
	v[series_of_source(0, SERIES_BEHIND)] = 500;
	v[series_of_endpoint(&conf, 0, SERIES_REQUESTS)] = 5;
	v[series_of_endpoint(&conf, 0, SERIES_ENDED)] = 4;
	v[series_of_endpoint(&conf, 0, SERIES_ELAPSED)] = 50000;
	v[series_of_category(&conf, 1)] = 6;
	history_take(h, MINUTE, v);
	v[series_of_source(0, SERIES_ACKED)] = 7;
	v[series_of_source(0, SERIES_BEHIND)] = 0;
	history_take(h, 2 * MINUTE, v);
	expect(h, 2 * MINUTE + 4000,
	       "{\"stepSeconds\":60,\"ageSeconds\":4,\"sources\":[{\"name\":\"bounces\","
	       "\"read\":[7,0],\"acknowledged\":[0,7],\"behindBytes\":[500,0]}],"
	       "\"endpoints\":[{\"name\":\"octeth\",\"requests\":[5,0],\"accepted\":[0,0],"
	       "\"latencyMs\":[12.5,null]}],\"bounces\":[{\"category\":\"spam-related\","
	       "\"records\":[6,0]}]}\n");
	(void)history_close(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_a_young_agent_has_no_minute_yet),
	        cmocka_unit_test(test_minutes_means_and_categories_that_were_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
