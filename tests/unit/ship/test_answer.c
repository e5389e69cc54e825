/*
 * test_answer.c - answer.h: each row of the answer table (S5).
 */
#include "tests/unit/temp.h"

#include "ship/answer.h"

static char *reject_text[] = {"MySQL Error", "<br />\n<b>Fatal error", "{\"Success\":false"};
static const struct strlist reject = {reject_text, 3};
static struct answer_conf conf = {&reject, false};

static struct answer answer(long status, const char *body)
{
	return (struct answer){
	        .status = status,
	        .failure = "",
	        .sent = true,
	        .body = slice_of(body),
	        .body_whole = true,
	};
}

static char words[256];

static struct outcome outcome(const struct answer *a)
{
	return answer_outcome(a, &conf, words, sizeof(words));
}

static void expect(const struct answer *a, enum outcome_kind kind, bool slow_down)
{
	struct outcome o = outcome(a);
	if (o.kind != kind || o.slow_down != slow_down)
		fail_msg("%ld \"%.*s\": kind %d, slow down %d", a->status, (int)a->body.len,
		         a->body.text, o.kind, o.slow_down);
}

static void test_the_outcome_carries_the_answer(void **state)
{
	(void)state;
	struct answer a = answer(503, "later");
	a.retry_after_s = 7;
	a.elapsed_us = 1234;
	struct outcome o = outcome(&a);
	assert_int_equal(o.code, 503);
	assert_int_equal(o.retry_after_ms, 7000);
	assert_int_equal(o.elapsed_us, 1234);
	assert_ptr_equal(o.words, words);
	assert_ptr_equal(o.answer.text, a.body.text);
	assert_int_equal(o.answer.len, 5);
}

static void test_retry_after_is_at_most_an_hour_and_what_it_asks_is_shown(void **state)
{
	(void)state;
	static const struct {
		int64_t asked_s, ms;
	} cases[] = {{0, 0},          {-1, 0},         {INT64_MIN, 0},      {1, 1000},
	             {3600, 3600000}, {3601, 3600000}, {31536000, 3600000}, {INT64_MAX, 3600000}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct answer a = answer(503, "later");
		a.retry_after_s = cases[i].asked_s;
		assert_int_equal(outcome(&a).retry_after_ms, cases[i].ms);
		bool shown = strstr(words, "HTTP 503: later (Retry-After asks for ") != NULL;
		assert_int_equal(shown, cases[i].asked_s > 3600);
	}
	struct answer a = answer(200, "");
	a.retry_after_s = INT64_MAX;
	(void)outcome(&a);
	assert_null(strstr(words, "Retry-After"));
}

static void test_success_is_accepted(void **state)
{
	(void)state;
	for (long status = 200; status < 300; status++) {
		const struct answer a = answer(status, "{\"Success\":true,\"ErrorCount\":0}");
		expect(&a, OUTCOME_ACCEPTED, false);
	}
	const struct answer empty = answer(204, "");
	expect(&empty, OUTCOME_ACCEPTED, false);
}

static void test_success_with_an_error_in_the_body_is_tried_again(void **state)
{
	(void)state;
	struct answer a = answer(200, "MySQL Error: gone away");
	expect(&a, OUTCOME_RETRY, true);
	a = answer(200, "<br />\n<b>Fatal error</b>: x");
	expect(&a, OUTCOME_RETRY, true);
	a = answer(200, "{\"Success\":false,\"ErrorCode\":1}");
	expect(&a, OUTCOME_RETRY, true);
	a = answer(200, "No MySQL Error");
	expect(&a, OUTCOME_ACCEPTED, false);
}

static void test_a_body_cut_before_it_decides_is_tried_again(void **state)
{
	(void)state;
	struct answer a = answer(200, "MySQL");
	expect(&a, OUTCOME_ACCEPTED, false);
	a.body_whole = false;
	expect(&a, OUTCOME_RETRY, true);
	a = answer(200, "");
	a.body_whole = false;
	expect(&a, OUTCOME_RETRY, true);
}

static void test_an_html_page_is_held_unless_it_is_the_way_to_say_yes(void **state)
{
	(void)state;
	const struct answer a = answer(200, "\n<!DOCTYPE html><title>Log in</title>");
	expect(&a, OUTCOME_HELD, false);
	assert_non_null(strstr(outcome(&a).advice, "accept-html"));
	conf.accept_html = true;
	expect(&a, OUTCOME_ACCEPTED, false);
	conf.accept_html = false;
}

/* A receiver cannot have taken what it was not sent. */
static void test_success_before_the_request_was_sent_is_tried_again(void **state)
{
	(void)state;
	struct answer a = answer(200, "{\"Success\":true}");
	a.sent = false;
	expect(&a, OUTCOME_RETRY, true);
	assert_string_equal(outcome(&a).words, "HTTP 200 before all of the request was sent");
	a = answer(200, "{\"ErrorCount\":2}");
	a.sent = false;
	assert_int_equal(outcome(&a).nfailed, 0);
	a = answer(413, "too large"); /* the usual way to say that */
	a.sent = false;
	expect(&a, OUTCOME_REFUSED, false);
	assert_string_equal(outcome(&a).words, "HTTP 413: too large");
}

static void test_error_count_above_0_is_partial(void **state)
{
	(void)state;
	const struct answer a = answer(200, "{\"Success\":true,\"ErrorCount\":2}");
	expect(&a, OUTCOME_PARTIAL, false);
	assert_int_equal(outcome(&a).nfailed, 2);
	assert_null(outcome(&a).failed_items); /* it does not name them */
}

/* The expected outcome of each status that is no success. */
static enum outcome_kind want(long status, bool *slow_down)
{
	*slow_down = status == 429 || status == 503;
	if (status == 400 || status == 413 || status == 422)
		return OUTCOME_REFUSED;
	if (status == 408 || status == 425 || status == 429)
		return OUTCOME_RETRY;
	return status >= 300 && status < 500 ? OUTCOME_HELD : OUTCOME_RETRY;
}

static void test_S5_every_other_status(void **state)
{
	(void)state;
	for (long status = 300; status < 600; status++) {
		bool slow_down;
		const struct answer a = answer(status, "{\"ErrorCount\":2}");
		enum outcome_kind kind = want(status, &slow_down);
		expect(&a, kind, slow_down);
	}
}

static void test_no_answer_is_tried_again(void **state)
{
	(void)state;
	struct answer a = answer(0, "");
	a.failure = "Could not resolve host";
	expect(&a, OUTCOME_RETRY, false);
	a.timed_out = true;
	expect(&a, OUTCOME_RETRY, true);
	for (long status = 600; status < 1000; status += 99) {
		a = answer(status, "");
		expect(&a, OUTCOME_RETRY, false);
	}
}

static void expect_words(const struct answer *a, const char *text)
{
	assert_string_equal(outcome(a).words, text);
}

static void test_busy_says_nothing_about_the_content(void **state)
{
	(void)state;
	for (long status = 0; status < 600; status++) {
		const struct answer a = answer(status, "");
		assert_int_equal(outcome(&a).busy, status == 408 || status == 425 || status == 429);
	}
}

static void test_words(void **state)
{
	(void)state;
	struct answer a = answer(401, "signature is missing\r\nmore");
	expect_words(&a, "HTTP 401: signature is missing");
	a = answer(500, "\r\n <html>");
	expect_words(&a, "HTTP 500: <html>");
	a = answer(500, "");
	expect_words(&a, "HTTP 500");
	a = answer(0, "");
	expect_words(&a, "no answer");
	a.failure = "Connection refused";
	expect_words(&a, "Connection refused");
	a = answer(422, "no such list for john.doe@example.org");
	expect_words(&a, "HTTP 422: no such list for j***@example.org");
}

static void test_words_of_a_long_body_are_cut(void **state)
{
	(void)state;
	char body[4096];
	memset(body, 'x', sizeof(body));
	struct answer a = answer(500, "");
	a.body = (struct slice){body, sizeof(body)}; /* no NUL after it */
	assert_int_equal(strlen(outcome(&a).words), strlen("HTTP 500: ") + 160);
	memset(body, '@', sizeof(body));
	for (size_t i = 0; i < sizeof(body); i += 2)
		body[i] = 'a';
	(void)outcome(&a);
	(void)answer_outcome(&a, &conf, words, 7);
	assert_string_equal(words, "HTTP 5");
}

static void test_held_has_an_advice(void **state)
{
	(void)state;
	for (long status = 300; status < 500; status++) {
		const struct answer a = answer(status, "");
		assert_true(strlen(outcome(&a).advice) > 10);
	}
	const struct answer a = answer(302, "");
	assert_non_null(strstr(outcome(&a).advice, "redirects are not followed"));
}

/* ---- while the answer arrives ---- */

static void take(struct answer_text *t, const char *line)
{
	answer_take_head(t, line, strlen(line));
}

static void test_the_head_is_done_at_its_empty_line(void **state)
{
	(void)state;
	struct answer_text t = {0};
	take(&t, "HTTP/1.1 100 Continue\r\n");
	take(&t, "\r\n");
	assert_true(t.head_done);
	take(&t, "HTTP/1.1 200 OK\r\n"); /* the first one was an interim answer */
	assert_false(t.head_done);
	take(&t, "A: b\r\n");
	assert_false(t.head_done);
	take(&t, "\n");
	assert_true(t.head_done);
	take(&t, "Trailer: after the body\r\n");
	assert_true(t.head_done);
}

static void test_the_part_of_the_body_that_decides_is_kept(void **state)
{
	(void)state;
	struct answer_text t = {0};
	char piece[1000];
	memset(piece, 'x', sizeof(piece));
	for (size_t seen = 1000; seen <= 65000; seen += 1000) {
		assert_true(answer_take_body(&t, piece, sizeof(piece)));
		assert_int_equal(t.len, seen < ANSWER_BODY_MAX ? seen : ANSWER_BODY_MAX);
	}
	assert_false(answer_take_body(&t, piece, sizeof(piece)));
	assert_int_equal(t.len, ANSWER_BODY_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_the_outcome_carries_the_answer),
	        cmocka_unit_test(test_the_head_is_done_at_its_empty_line),
	        cmocka_unit_test(test_the_part_of_the_body_that_decides_is_kept),
	        cmocka_unit_test(test_retry_after_is_at_most_an_hour_and_what_it_asks_is_shown),
	        cmocka_unit_test(test_success_is_accepted),
	        cmocka_unit_test(test_success_with_an_error_in_the_body_is_tried_again),
	        cmocka_unit_test(test_a_body_cut_before_it_decides_is_tried_again),
	        cmocka_unit_test(test_an_html_page_is_held_unless_it_is_the_way_to_say_yes),
	        cmocka_unit_test(test_success_before_the_request_was_sent_is_tried_again),
	        cmocka_unit_test(test_error_count_above_0_is_partial),
	        cmocka_unit_test(test_S5_every_other_status),
	        cmocka_unit_test(test_no_answer_is_tried_again),
	        cmocka_unit_test(test_busy_says_nothing_about_the_content),
	        cmocka_unit_test(test_words),
	        cmocka_unit_test(test_words_of_a_long_body_are_cut),
	        cmocka_unit_test(test_held_has_an_advice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
