/*
 * test_watch.c - watch.h: hints about folders, also about folders that appear, disappear or are
 * replaced.
 */
#include "tests/unit/temp.h"

#include <poll.h>

#include "follow/watch.h"

static struct watch *w;
static char hints[4096];

static int setup(void **state)
{
	struct err err;
	hints[0] = '\0';
	return temp_setup(state) < 0 ? -1 : watch_open(&w, &err);
}

static int teardown(void **state)
{
	w = watch_close(w);
	return temp_teardown(state);
}

static void on_event(unsigned token, const char *name, void *arg)
{
	char one[300];
	(void)arg;
	(void)snprintf(one, sizeof(one), "%u:%s ", token, name ? name : "*");
	if (!strstr(hints, one))
		strcat(hints, one);
}

/* Expects each hint once, in the order of their first arrival. */
static void expect(const char *want)
{
	assert_int_equal(watch_read(w, on_event, NULL), 0);
	assert_string_equal(hints, want);
	hints[0] = '\0';
}

static void make(const char *name)
{
	assert_int_equal(mkdir(temp_path(name), 0700), 0);
}

static void test_names_of_what_changes(void **state)
{
	(void)state;
	make("d");
	assert_int_equal(watch_add(w, temp_path("d"), 4), 0);
	assert_true(watch_check(w, 4));
	expect("");
	temp_append("d/a", "1");
	temp_append("d/b", "1");
	expect("4:a 4:b ");
	temp_append("d/a", "2");
	expect("4:a ");
	assert_int_equal(rename(temp_path("d/a"), temp_path("d/c")), 0);
	expect("4:a 4:c ");
	assert_int_equal(unlink(temp_path("d/c")), 0);
	expect("4:c ");
	expect("");
}

static void test_the_descriptor_can_be_polled(void **state)
{
	(void)state;
	make("d");
	assert_int_equal(watch_add(w, temp_path("d/"), 0), 0);
	struct pollfd p = {watch_fd(w), POLLIN, 0};
	assert_int_equal(poll(&p, 1, 0), 0);
	temp_append("d/a", "1");
	assert_int_equal(poll(&p, 1, 1000), 1);
	expect("0:a ");
	assert_int_equal(poll(&p, 1, 0), 0);
}

static void test_a_missing_folder_is_waited_for(void **state)
{
	(void)state;
	assert_int_equal(watch_add(w, temp_path("x/y/z"), 1), 0);
	assert_false(watch_check(w, 1));
	make("x");
	expect("");
	make("x/y");
	assert_int_equal(watch_read(w, on_event, NULL), 0);
	make("x/y/z");
	temp_append("x/y/z/a", "1");
	expect("1:* ");
	assert_true(watch_check(w, 1));
	temp_append("x/y/z/b", "1");
	expect("1:b ");
}

static void test_all_of_a_missing_path_at_once(void **state)
{
	(void)state;
	assert_int_equal(watch_add(w, temp_path("x/y/z"), 1), 0);
	make("x");
	make("x/y");
	make("x/y/z");
	temp_append("x/y/z/a", "1");
	expect("1:* ");
	temp_append("x/y/z/b", "1");
	expect("1:b ");
}

static void test_a_replaced_folder_is_watched_instead(void **state)
{
	(void)state;
	make("d");
	assert_int_equal(watch_add(w, temp_path("d"), 2), 0);
	assert_int_equal(rename(temp_path("d"), temp_path("old")), 0);
	make("d");
	temp_append("d/a", "1");
	expect("2:* ");
	temp_append("d/b", "1");
	expect("2:b ");
	temp_append("old/no", "1");
	expect("");
}

static void test_a_removed_folder_that_comes_back(void **state)
{
	(void)state;
	make("d");
	assert_int_equal(watch_add(w, temp_path("d"), 2), 0);
	assert_int_equal(rmdir(temp_path("d")), 0);
	expect("2:* ");
	assert_false(watch_check(w, 2));
	make("d");
	expect("2:* ");
	temp_append("d/a", "1");
	expect("2:a ");
}

static void test_two_names_of_one_folder(void **state)
{
	(void)state;
	make("d");
	assert_int_equal(symlink(temp_path("d"), temp_path("s")), 0);
	assert_int_equal(watch_add(w, temp_path("d"), 1), 0);
	assert_int_equal(watch_add(w, temp_path("s"), 2), 0);
	temp_append("d/a", "1");
	expect("1:a 2:a ");
	watch_clear(w);
	temp_append("d/a", "1");
	expect("");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_names_of_what_changes),
	        TEST(test_the_descriptor_can_be_polled),
	        TEST(test_a_missing_folder_is_waited_for),
	        TEST(test_all_of_a_missing_path_at_once),
	        TEST(test_a_replaced_folder_is_watched_instead),
	        TEST(test_a_removed_folder_that_comes_back),
	        TEST(test_two_names_of_one_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
