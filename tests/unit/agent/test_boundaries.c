/*
 * test_boundaries.c - boundaries.h: where batches were cut before, and when the old boundaries are
 * dropped.
 */
#include "tests/unit/agent/rig.h"

#include "rules/rules.h"

static void load(void)
{
	assert_int_equal(boundaries_load(&fx.boundaries, &fx.conf, fx.rules, fx.store, fx.now_ms),
	                 0);
}

static void put(int64_t file, uint64_t from, uint64_t end)
{
	const struct store_batch b = {file, from, end};
	const struct store_file f = {.id = file, .source = fx.source.name, .name = "b.csv"};
	const struct ladder no_rungs = {0};
	const struct ledger no_ranges = {0};
	assert_int_equal(store_file_put(fx.store, &f, &no_rungs, &no_ranges, SLICE_EMPTY), 0);
	assert_int_equal(store_batch_put(fx.store, &b), 0);
}

/* Puts three boundaries of two files, under the configuration of the rig. */
static int setup_store(void **state)
{
	struct err err;
	if (setup(state) < 0 || store_open(&fx.store, temp_path("state"), "state", &err) < 0)
		return -1;
	load();
	put(1, 0, 50);
	put(1, 50, 80);
	put(2, 50, 90);
	load();
	return 0;
}

static void test_each_is_taken_once(UNUSED void **state)
{
	assert_int_equal(fx.boundaries.n, 3);
	assert_int_equal(boundaries_take(&fx.boundaries, 1, 50), 80);
	assert_int_equal(boundaries_take(&fx.boundaries, 1, 50), 0);
	assert_int_equal(boundaries_take(&fx.boundaries, 1, 0), 50);
	assert_int_equal(boundaries_take(&fx.boundaries, 2, 50), 90);
	assert_int_equal(fx.boundaries.n, 0);
	assert_int_equal(boundaries_take(&fx.boundaries, 2, 50), 0);
}

static void test_another_place_or_another_file_has_none(UNUSED void **state)
{
	assert_int_equal(boundaries_take(&fx.boundaries, 2, 0), 0);
	assert_int_equal(boundaries_take(&fx.boundaries, 3, 50), 0);
	assert_int_equal(boundaries_take(&fx.boundaries, 1, 49), 0);
	assert_int_equal(boundaries_take(&fx.boundaries, 1, 80), 0);
	assert_int_equal(fx.boundaries.n, 3);
}

static void test_loaded_again_they_are_what_the_store_has(UNUSED void **state)
{
	assert_int_equal(boundaries_take(&fx.boundaries, 1, 0), 50);
	load();
	assert_int_equal(fx.boundaries.n, 3);
	assert_int_equal(boundaries_take(&fx.boundaries, 1, 0), 50);
	boundaries_close(&fx.boundaries);
	boundaries_close(&fx.boundaries); /* must be harmless */
	assert_int_equal(fx.boundaries.n, 0);
}

static void test_a_change_that_alters_no_byte_keeps_them(UNUSED void **state)
{
	static char url[] = "http://127.0.0.1:10/y", dir[] = "/elsewhere";
	fx.endpoint.url = url;
	fx.endpoint.batch_records = 7;
	fx.endpoint.batch_bytes = 77777;
	fx.endpoint.in_flight = 1;
	fx.endpoint.gzip = true;
	fx.endpoint.refuse_limit = 1;
	fx.source.fair = true;
	fx.conf.state_dir = dir;
	fx.conf.dead_max_records = 1;
	fx.conf.rescan_ms = 1;
	load();
	assert_int_equal(fx.boundaries.n, 3);
	assert_string_equal(stored(), "0-50 50-80 50-90 ");
}

/* After a change the next boundaries belong to the new configuration. */
static void expect_dropped(void)
{
	load();
	assert_int_equal(fx.boundaries.n, 0);
	assert_string_equal(stored(), "");
	expect_logged("the configuration changed the bytes that are sent: new boundaries and keys "
	              "for 3 batches in flight");
	put(1, 0, 50);
	load();
	assert_int_equal(fx.boundaries.n, 1);
}

static void test_another_format(UNUSED void **state)
{
	fx.endpoint.format = SHIP_NDJSON;
	expect_dropped();
}

static void test_another_type_field(UNUSED void **state)
{
	static char type[] = "type";
	fx.endpoint.type_field = type;
	expect_dropped();
}

static void test_filled_addresses(UNUSED void **state)
{
	fx.endpoint.fill.on = true;
	expect_dropped();
}

static void expect_kept(void)
{
	load();
	assert_int_equal(fx.boundaries.n, 3);
	assert_string_equal(stored(), "0-50 50-80 50-90 ");
}

static void test_an_endpoint_of_another_name_keeps_them(UNUSED void **state)
{
	static char other[] = "other";
	fx.endpoint.name = other;
	expect_kept();
}

static void test_a_source_of_another_name_keeps_them(UNUSED void **state)
{
	static char other[] = "other";
	assert_int_equal(store_source_rename(fx.store, fx.source.name, other), 0);
	fx.source.name = other;
	expect_kept();
}

static void test_another_source_beside_it_keeps_them(UNUSED void **state)
{
	static char other[] = "other";
	struct conf_source two[] = {fx.source, fx.source};
	two[0].name = other;
	fx.conf.sources = two;
	fx.conf.nsources = 2;
	expect_kept();
	fx.conf.sources = &fx.source;
	fx.conf.nsources = 1;
}

static void test_other_records(UNUSED void **state)
{
	static char b[] = "b", rb[] = "rb";
	static char *types[] = {b, rb};
	fx.source.records = (struct strlist){types, 2};
	expect_dropped();
}

static void test_other_record_fields(UNUSED void **state)
{
	static char line[] = "b timeLogged";
	static char *lines[] = {line};
	fx.source.record_fields = (struct strlist){lines, 1};
	expect_dropped();
}

static void test_longer_records(UNUSED void **state)
{
	fx.conf.record_max++;
	expect_dropped();
}

static void on_mistake(const struct file_mistake *m, void *arg)
{
	(void)arg;
	fail_msg("%s", m->line);
}

static void take_rules(const char *text)
{
	fx.rules = rules_free(fx.rules);
	assert_int_equal(rules_load_text(&fx.rules, "t", slice_of(text), on_mistake, NULL), 0);
}

static void test_other_rules(UNUSED void **state)
{
	take_rules("some text==>hard\n");
	expect_dropped();
	take_rules("some text==>hard\n");
	load();
	assert_int_equal(fx.boundaries.n, 1);
	take_rules("some text==>soft\n");
	load();
	assert_int_equal(fx.boundaries.n, 0);
	put(1, 0, 50);
	fx.rules = rules_free(fx.rules);
	load();
	assert_int_equal(fx.boundaries.n, 0);
}

#define BOUNDARIES_TEST(name) cmocka_unit_test_setup_teardown(name, setup_store, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        BOUNDARIES_TEST(test_each_is_taken_once),
	        BOUNDARIES_TEST(test_another_place_or_another_file_has_none),
	        BOUNDARIES_TEST(test_loaded_again_they_are_what_the_store_has),
	        BOUNDARIES_TEST(test_a_change_that_alters_no_byte_keeps_them),
	        BOUNDARIES_TEST(test_another_format),
	        BOUNDARIES_TEST(test_another_type_field),
	        BOUNDARIES_TEST(test_filled_addresses),
	        BOUNDARIES_TEST(test_an_endpoint_of_another_name_keeps_them),
	        BOUNDARIES_TEST(test_a_source_of_another_name_keeps_them),
	        BOUNDARIES_TEST(test_another_source_beside_it_keeps_them),
	        BOUNDARIES_TEST(test_other_records),
	        BOUNDARIES_TEST(test_other_record_fields),
	        BOUNDARIES_TEST(test_longer_records),
	        BOUNDARIES_TEST(test_other_rules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
