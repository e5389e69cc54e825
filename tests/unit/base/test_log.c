/*
 * test_log.c - log.h: one event is one line, and nothing in it can forge another line.
 */
#include "tests/unit/temp.h"

#include <cjson/cJSON.h>

#include "base/log.h"

static char text[16384];
static int saved;

static int setup(void **state)
{
	(void)unsetenv("JOURNAL_STREAM");
	return temp_setup(state);
}

static void catch_stderr(void)
{
	int fd = open(temp_path("log"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	(void)fflush(stderr);
	saved = dup(2);
	assert_int_equal(dup2(fd, 2), 2);
	(void)close(fd);
}

static void take_stderr(void)
{
	(void)fflush(stderr);
	ssize_t n = pread(2, text, sizeof(text) - 1, 0);
	(void)dup2(saved, 2);
	(void)close(saved);
	text[n > 0 ? n : 0] = '\0';
}

/* The line without its timestamp. */
static void expect(const char *want)
{
	take_stderr();
	assert_true(strlen(text) > 25);
	assert_int_equal(text[23], 'Z');
	assert_string_equal(text + 25, want);
}

static void test_text_line(void **state)
{
	(void)state;
	log_setup(LOG_LEVEL_INFO, false);
	catch_stderr();
	log_warning("read \"%s\": %d", "b.csv", 5);
	expect("warning: read \"b.csv\": 5\n");
}

static void test_levels(void **state)
{
	(void)state;
	for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
		log_setup((enum log_level)level, false);
		catch_stderr();
		log_error("x");
		log_warning("x");
		log_info("x");
		log_debug("x");
		take_stderr();
		int lines = 0;
		for (const char *p = text; (p = strchr(p, '\n')); p++)
			lines++;
		assert_int_equal(lines, level + 1);
	}
}

static void test_nothing_can_forge_a_line_or_act_on_a_terminal(void **state)
{
	(void)state;
	log_setup(LOG_LEVEL_INFO, false);
	catch_stderr();
	log_info("%s", "a\n2026-11-21T10:00:00.000Z error: forged\r\x1b[2J\xff\xc2\x9b");
	expect("info: a\\x0a2026-11-21T10:00:00.000Z error: forged\\x0d\\x1b[2J\\xff\\xc2\\x9b\n");
}

static void test_priorities_under_systemd(void **state)
{
	(void)state;
	assert_int_equal(setenv("JOURNAL_STREAM", "1:2", 1), 0);
	log_setup(LOG_LEVEL_DEBUG, false);
	catch_stderr();
	log_error("a\n<0>b");
	log_warning("c");
	log_info("d");
	log_debug("e");
	take_stderr();
	assert_string_equal(text, "<3>a\\x0a<0>b\n<4>c\n<6>d\n<7>e\n");
}

static void test_json_line(void **state)
{
	(void)state;
	log_setup(LOG_LEVEL_INFO, true);
	catch_stderr();
	log_info("%s", "say \"hi\" \\ \n\xff b\xc3\xbc");
	take_stderr();
	assert_int_equal(strchr(text, '\n') - text, strlen(text) - 1);
	cJSON *line = cJSON_Parse(text);
	assert_non_null(line);
	assert_string_equal(cJSON_GetObjectItem(line, "level")->valuestring, "info");
	assert_string_equal(cJSON_GetObjectItem(line, "message")->valuestring,
	                    "say \"hi\" \\ \\x0a\\xff b\xc3\xbc");
	cJSON_Delete(line);
}

static void test_long_lines_are_cut_and_stay_lines(void **state)
{
	(void)state;
	static const char fillers[] = {'x', '"', '\n'};
	char message[5000];
	for (size_t i = 0; i < 6; i++) {
		log_setup(LOG_LEVEL_INFO, i % 2);
		memset(message, fillers[i / 2], sizeof(message));
		message[sizeof(message) - 1] = '\0';
		catch_stderr();
		log_info("%s", message);
		take_stderr();
		size_t len = strlen(text);
		assert_in_range(len, 1000, 9000);
		assert_int_equal(text[len - 1], '\n');
		assert_ptr_equal(strchr(text, '\n'), text + len - 1);
		cJSON *line = i % 2 ? cJSON_Parse(text) : NULL;
		assert_int_equal(line != NULL, i % 2);
		cJSON_Delete(line);
	}
}

static void test_repeated_lines_are_limited_and_counted(void **state)
{
	(void)state;
	struct log_limit limit = {0};
	unsigned long left = 99;
	assert_true(log_allowed(&limit, 0, 1000, &left));
	assert_int_equal(left, 0);
	for (int i = 0; i < 5; i++)
		assert_false(log_allowed(&limit, 10 * i, 1000, &left));
	assert_false(log_allowed(&limit, 999, 1000, &left));
	assert_true(log_allowed(&limit, 1000, 1000, &left));
	assert_int_equal(left, 6);
	assert_true(log_allowed(&limit, 2000, 1000, &left));
	assert_int_equal(left, 0);
}

static void test_the_last_problem_is_remembered(void **state)
{
	(void)state;
	char last[64];
	log_setup(LOG_LEVEL_INFO, false);
	catch_stderr();
	log_warning("file \"%s\"", "a\x1b");
	log_info("all is well");
	take_stderr();
	int64_t when = log_last(last, sizeof(last));
	assert_string_equal(last, "file \"a\\x1b\"");
	assert_true(when > 0);
	log_setup(LOG_LEVEL_ERROR, false);
	catch_stderr();
	log_warning("below the level");
	log_error("logged");
	take_stderr();
	assert_true(log_last(last, 3) >= when);
	assert_string_equal(last, "lo");
}

static void test_a_crowd_of_lines_is_cut_and_counted(void **state)
{
	(void)state;
	struct log_burst burst = {0};
	unsigned long left_out = 99, allowed = 0;
	for (int i = 0; i < 1000; i++)
		allowed += log_burst(&burst, 7000, &left_out);
	assert_int_equal(allowed, LOG_BURST);
	assert_int_equal(left_out, 0);
	assert_false(log_burst(&burst, 7500, &left_out));
	assert_true(log_burst(&burst, 8001, &left_out));
	assert_int_equal(left_out, 1000 - LOG_BURST + 1);
	for (int64_t now = 9002; now < 90000; now += 1001) {
		assert_true(log_burst(&burst, now, &left_out));
		assert_int_equal(left_out, 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_text_line),
	        TEST(test_levels),
	        TEST(test_nothing_can_forge_a_line_or_act_on_a_terminal),
	        TEST(test_priorities_under_systemd),
	        TEST(test_json_line),
	        TEST(test_the_last_problem_is_remembered),
	        TEST(test_a_crowd_of_lines_is_cut_and_counted),
	        TEST(test_long_lines_are_cut_and_stay_lines),
	        TEST(test_repeated_lines_are_limited_and_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
