/*
 * test_answer_body.c - what the body of a 2xx says (S5).
 */
#include "tests/unit/temp.h"

#include "ship/answer_body.h"

static char *reject_text[] = {"MySQL Error", "<br />\n<b>Fatal error", "{\"Success\":false"};
static const struct strlist reject = {reject_text, 3};

#define BOM "\xef\xbb\xbf"
#define NOTICE                                                                                     \
	"<br />\n<b>Notice</b>:  Undefined index: {x} in <b>/var/www/a.php</b> on line "           \
	"<b>3</b><br />\n"

static void expect(const char *body, enum body_says want)
{
	size_t failed;
	enum body_says says = answer_body(slice_of(body), true, &reject, &failed);
	if (says != want)
		fail_msg("\"%s\": %d, not %d", body, says, want);
	assert_int_equal(failed, 0);
}

static void test_an_answer_that_says_failed_has_failed(void **state)
{
	(void)state;
	static const char *const failed[] = {
	        "{\"Success\":false,\"ErrorCode\":1}",
	        "{\"Success\": false}",
	        "{\"Success\" : false}",
	        "{\n  \"Success\": false,\n  \"ErrorCode\": 1\n}",
	        "{\"success\":false}",
	        "{\"SUCCESS\":False}",
	        "{\"Success\":\"false\"}",
	        "{\"Success\":0}",
	        "{\"ErrorCode\":1,\"Success\":false}",
	        "[{\"Success\":false},{\"Success\":false}]",
	        BOM "{\"Success\":false}",
	        "\r\n\r\n{\"Success\":false}",
	        NOTICE "{\"Success\":false}",
	        NOTICE NOTICE "{\"Success\":false}",
	        "PHP Warning:  mysqli_connect() in /a.php on line 3\n{\"Success\":false}",
	        "Deprecated: each() in /a.php on line 3<br />{\"Success\":false}",
	        "{\"Success\":false}\n<!-- 3 ms -->",
	};
	for (size_t i = 0; i < sizeof(failed) / sizeof(failed[0]); i++)
		expect(failed[i], BODY_FAILED);
}

static void test_a_script_that_died_has_failed(void **state)
{
	(void)state;
	static const char *const failed[] = {
	        "Fatal error: Uncaught Error in /a.php:3",
	        "PHP Fatal error:  Uncaught Error in /a.php:3",
	        "\nFATAL ERROR: Allowed memory size exhausted",
	        "<br />\n<b>Fatal error</b>:  Uncaught Error",
	        "<br />\r\n<b>Fatal error</b>:  Uncaught Error",
	        "<br><b>Fatal error</b> : x",
	        "<b>Parse error</b>: syntax error, unexpected '}'",
	        "Catchable fatal error: Argument 1",
	        NOTICE "<br />\n<b>Fatal error</b>:  x",
	        "<br />\n<font size='1'><table class='xdebug-error xe-fatal-error' dir='ltr'>\n"
	        "<tr><th><span>( ! )</span> Fatal error: Uncaught Error</th></tr>",
	        "<html><body>Fatal error: out of memory</body></html>",
	        " MySQL Error: gone away",
	        BOM "mysql error: gone away",
	        NOTICE "MySQL Error: gone away",
	};
	for (size_t i = 0; i < sizeof(failed) / sizeof(failed[0]); i++)
		expect(failed[i], BODY_FAILED);
}

static void test_a_page_is_no_answer(void **state)
{
	(void)state;
	static const char *const pages[] = {
	        "<!DOCTYPE html><title>Log in</title>",
	        "<!doctype HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\">",
	        "<html><head><title>503</title>",
	        "\n\n  <HTML lang=en>",
	        BOM " <!DOCTYPE html>",
	        "<!-- cached --><!DOCTYPE html>",
	        "<?xml version=\"1.0\"?>\n<html xmlns=\"http://www.w3.org/1999/xhtml\">",
	};
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		expect(pages[i], BODY_PAGE);
}

static void test_all_else_says_nothing(void **state)
{
	(void)state;
	static const char *const nothing[] = {
	        "",
	        " \r\n",
	        BOM,
	        "OK",
	        "1",
	        "{}",
	        "[]",
	        "{\"Success\":true,\"ErrorCount\":0}",
	        "{\"Success\":null}",
	        "{\"Result\":{\"Success\":false}}",
	        "{\"Success\":true,\"Words\":\"Success: false, Fatal error: none\"}",
	        "[{\"Success\":true},{\"Success\":false}]",
	        "No MySQL Error",
	        "0 fatal errors",
	        "<p>thank you</p>",
	        "<b>bold</b>",
	        "Success: false", /* no JSON: nobody says so */
	        NOTICE "{\"Success\":true}",
	        NOTICE "OK",
	        "Warning",
	        "<",
	        "<!--",
	        "{",
	        "{\"",
	        "{\"\\",
	};
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		expect(nothing[i], BODY_NOTHING);
}

static enum body_says cut(const char *body)
{
	size_t failed;
	return answer_body(slice_of(body), false, &reject, &failed);
}

static void test_a_body_that_was_cut_off(void **state)
{
	(void)state;
	/* It might have become a failure. */
	assert_int_equal(cut(""), BODY_FAILED);
	assert_int_equal(cut(" \n"), BODY_FAILED);
	assert_int_equal(cut("mysql"), BODY_FAILED);
	assert_int_equal(cut(NOTICE), BODY_FAILED);
	/* It has reported the failure already. */
	assert_int_equal(cut("{ \"Success\" :\nfalse, \"Words\": \"and m"), BODY_FAILED);
	assert_int_equal(cut("{\"a\":[{\"Success\":true}], \"Success\":false, "), BODY_FAILED);
	assert_int_equal(cut("{\"a\":\"\\\"\",\"Success\":false,\"b"), BODY_FAILED);
	/* Or something else. */
	assert_int_equal(cut("OK, "), BODY_NOTHING);
	assert_int_equal(cut("{\"Success\":true, \"Words\": \"and m"), BODY_NOTHING);
	assert_int_equal(cut("{\"a\":[{\"Success\":false"), BODY_NOTHING);
	assert_int_equal(cut("{\"a\":\"\\\"Success\\\":false"), BODY_NOTHING);
}

static void test_events_that_failed_are_counted_after_a_notice_too(void **state)
{
	(void)state;
	size_t failed;
	const char *body = NOTICE "{\"Success\":true,\"ErrorCount\":3}";
	assert_int_equal(answer_body(slice_of(body), true, &reject, &failed), BODY_NOTHING);
	assert_int_equal(failed, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_an_answer_that_says_failed_has_failed),
	        cmocka_unit_test(test_a_script_that_died_has_failed),
	        cmocka_unit_test(test_a_page_is_no_answer),
	        cmocka_unit_test(test_all_else_says_nothing),
	        cmocka_unit_test(test_a_body_that_was_cut_off),
	        cmocka_unit_test(test_events_that_failed_are_counted_after_a_notice_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
