/* test_text.c - text.h: states are marked by their value, not by names that look alike. */
#include "tests/unit/temp.h"

#include "base/paint.h"
#include "status/text.h"

static struct conf_source sources[1];
static struct ship_conf endpoints[1];
static struct conf conf = {
        .sources = sources, .nsources = 1, .endpoints = endpoints, .nendpoints = 1};

static char *text_of(const char *name, bool running, enum ship_state state, bool marked)
{
	struct view v;
	sources[0] = (struct conf_source){.name = (char *)name, .acct_file = (char *)"/x.csv"};
	endpoints[0] = (struct ship_conf){.name = (char *)name, .url = (char *)"https://x/"};
	assert_int_equal(view_new(&v, &conf), 0);
	view_name_file(&v.sources[0], "PROBLEM: ok.csv");
	v.running = running;
	v.endpoints[0].ship.state = state;
	(void)snprintf(v.endpoints[0].ship.last_error, sizeof(v.endpoints[0].ship.last_error),
	               "PROBLEM: held: ok");
	(void)snprintf(v.last_error, sizeof(v.last_error), "endpoint \"x\": PROBLEM");
	char *text = status_text(&v, marked);
	assert_non_null(text);
	view_free(&v);
	return text;
}

static size_t marks_in(const char *text)
{
	size_t n = 0;
	for (; *text; text++)
		n += paint_is(*text);
	return n;
}

static void expect_one(const char *name, bool running, enum ship_state state, const char *want)
{
	char *marked = text_of(name, running, state, true);
	char *plain = text_of(name, running, state, false);
	assert_non_null(strstr(marked, want));
	/* The state, and the problem in the list above it: each with its end. */
	bool problem = running && state != SHIP_OK;
	assert_int_equal(marks_in(marked), problem ? 4 : 2);
	assert_int_equal(marks_in(plain), 0);
	paint_strip(marked);
	assert_string_equal(marked, plain);
	free(marked);
	free(plain);
}

static void test_a_state_is_marked_whatever_names_and_messages_contain(void **state)
{
	(void)state;
	static const char *const names[] = {"octeth", "PROBLEM", "ok", "held"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		expect_one(names[i], true, SHIP_OK, ": " PAINT_GOOD "ok" PAINT_END "\n");
		expect_one(names[i], true, SHIP_HELD, ": " PAINT_PROBLEM "held" PAINT_END " for");
		expect_one(names[i], true, SHIP_RETRYING,
		           ": " PAINT_WARNING "retrying" PAINT_END " for");
		expect_one(names[i], true, SHIP_PAUSED,
		           ": " PAINT_WARNING "paused" PAINT_END " for");
		expect_one(names[i], false, SHIP_OK, ": " PAINT_PROBLEM "unknown" PAINT_END ",");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_a_state_is_marked_whatever_names_and_messages_contain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
