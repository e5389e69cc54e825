/*
 * test_view.c - view.h: what it holds, and what counts as recent.
 */
#include "tests/unit/temp.h"

#include "status/view.h"

#define DAY_MS INT64_C(86400000)
#define NOW_MS (1000 * DAY_MS)

static char a[] = "a", b[] = "b", file[] = "/var/log/pmta/acct.csv", url[] = "https://x",
            unset[] = "";
static struct conf_source sources[] = {{.name = a, .acct_file = file}, {.name = b}};
static struct ship_conf endpoints[] = {{.name = a, .url = url}, {.name = b, .url = unset}};
static const struct conf conf = {
        .sources = sources, .nsources = 2, .endpoints = endpoints, .nendpoints = 2};
static struct view v;

static int setup(void **state)
{
	(void)state;
	if (view_new(&v, &conf) < 0)
		return -1;
	v.real_ms = NOW_MS;
	v.running = true;
	v.endpoints[0].ship.state = SHIP_OK;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	view_free(&v);
	view_free(&v); /* must be harmless */
	return 0;
}

static void test_a_new_view_has_the_names(void **state)
{
	(void)state;
	assert_string_equal(v.sources[0].name, "a");
	assert_string_equal(v.sources[0].acct_file, file);
	assert_string_equal(v.endpoints[1].name, "b");
	assert_true(v.endpoints[0].configured);
	assert_false(v.endpoints[1].configured);
}

static bool lost(uint64_t files, int64_t when_ms)
{
	v.sources[0].tail.counters.gone_unread = files;
	v.sources[0].tail.counters.gone_unread_ms = (uint64_t)when_ms;
	return view_lost(&v, &v.sources[0]);
}

static void test_a_loss_is_a_problem_for_a_week(void **state)
{
	(void)state;
	assert_false(lost(0, 0));
	assert_false(lost(0, NOW_MS));
	assert_true(lost(1, NOW_MS));
	assert_true(lost(1, NOW_MS - VIEW_RECENT_DAYS * DAY_MS + 1));
	assert_false(lost(1, NOW_MS - VIEW_RECENT_DAYS * DAY_MS));
	assert_true(lost(1, 0));               /* an older version recorded no time */
	assert_true(lost(1, NOW_MS + DAY_MS)); /* the clock has been set back since then */
}

static void test_texts_are_the_views_own(void **state)
{
	(void)state;
	struct source_view *s = &v.sources[0];
	char name[1200], path[1200], advice[2000];
	memset(name, 'n', sizeof(name) - 1);
	memset(path, 'p', sizeof(path) - 1);
	memset(advice, 'a', sizeof(advice) - 1);
	name[sizeof(name) - 1] = path[sizeof(path) - 1] = advice[sizeof(advice) - 1] = '\0';
	view_name_file(s, name);
	view_name_unreadable(s, path, advice);
	name[0] = path[0] = advice[0] = 'x';
	assert_ptr_equal(s->tail.file, s->file);
	assert_int_equal(strlen(s->tail.file), sizeof(s->file) - 1);
	assert_int_equal(strspn(s->tail.file, "n"), strlen(s->tail.file));
	assert_int_equal(strlen(s->tail.unreadable_path), TAIL_PATH_SIZE - 1);
	assert_int_equal(s->tail.unreadable_path[0], 'p');
	assert_int_equal(strlen(s->tail.unreadable_advice), TAIL_ADVICE_SIZE - 1);
	assert_int_equal(s->tail.unreadable_advice[0], 'a');
}

static void print_names(FILE *f, const struct view *view)
{
	for (size_t i = 0; i < view->nsources; i++)
		(void)fprintf(f, "%s;", view->sources[i].name);
}

static void print_nothing(FILE *f, const struct view *view)
{
	(void)f;
	(void)view;
}

static void test_a_form_becomes_a_text(void **state)
{
	(void)state;
	char *text = view_render(&v, print_names);
	assert_string_equal(text, "a;b;");
	free(text);
	text = view_render(&v, print_nothing);
	assert_string_equal(text, "");
	free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_a_new_view_has_the_names),
	        TEST(test_a_loss_is_a_problem_for_a_week),
	        TEST(test_texts_are_the_views_own),
	        TEST(test_a_form_becomes_a_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
