/* test_lease.c - lease.h: an answer is read back correctly, whatever its words contain. */
#include "tests/unit/temp.h"

#include "ship/lease.h"

static struct share read_back(const struct share *s)
{
	struct share ret = {.ask_ms = SHARE_ASK_MS};
	char *text = share_text(s);
	assert_non_null(text);
	assert_memory_equal(text, "0\n", 2);
	share_read(&ret, text + 2);
	free(text);
	return ret;
}

static void test_an_answer_is_read_back(void **state)
{
	(void)state;
	const struct share granted = {.slots = 7, .half = true, .ask_ms = 250};
	struct share got = read_back(&granted);
	assert_true(got.slots == 7 && got.half && got.ask_ms == 250);
	assert_string_equal(got.why, "");
	const struct share nothing = {.ask_ms = 2000, .why = "held: HTTP 401"};
	got = read_back(&nothing);
	assert_true(got.slots == 0 && !got.half && got.ask_ms == 2000);
	assert_string_equal(got.why, "held: HTTP 401");
}

/* They may come from the receiver. */
static void test_words_that_look_like_the_answers_own(void **state)
{
	(void)state;
	const struct share s = {.slots = 1, .why = "why slots 9\nslots 8\nask 7"};
	struct share got = read_back(&s);
	assert_int_equal(got.slots, 1);
	assert_int_equal(got.ask_ms, SHARE_ASK_MS);
	assert_string_equal(got.why, "why slots 9\\x0aslots 8\\x0aask 7");
	struct share from = {.ask_ms = SHARE_ASK_MS};
	share_read(&from, "new slots 3\nwhy a\nask 0\nslots 2");
	assert_true(from.slots == 2 && from.ask_ms == SHARE_ASK_MS);
	assert_string_equal(from.why, "a");
}

static void test_words_that_are_too_long_are_cut(void **state)
{
	(void)state;
	struct share s = {0};
	memset(s.why, '\x01', sizeof(s.why) - 1);
	struct share got = read_back(&s);
	assert_int_equal(strlen(got.why), sizeof(got.why) - 1);
	assert_memory_equal(got.why, "\\x01\\x01", 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_an_answer_is_read_back),
	        cmocka_unit_test(test_words_that_look_like_the_answers_own),
	        cmocka_unit_test(test_words_that_are_too_long_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
