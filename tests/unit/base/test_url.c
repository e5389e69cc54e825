/*
 * test_url.c - url.h: the parts of a URL.
 */
#include "tests/unit/temp.h"

#include "base/url.h"

static void test_host_and_authority(void **state)
{
	(void)state;
	static const struct {
		const char *url, *authority, *host;
	} urls[] = {
	        {"https://a.example/p?q#f", "a.example", "a.example"},
	        {"https://a.example", "a.example", "a.example"},
	        {"http://a.example:8080/p", "a.example:8080", "a.example"},
	        {"http://a.example?x=/:@", "a.example", "a.example"},
	        {"https://u:p@a.example:1/", "u:p@a.example:1", "a.example"},
	        {"http://[::1]:80/", "[::1]:80", "[::1]"},
	        {"http://[::1]", "[::1]", "[::1]"},
	        {"http://[::1", "[::1", "[::1"},
	        {"a.example:3128", "a.example:3128", "a.example"},
	        {"https:///p", "", ""},
	        {"", "", ""},
	};
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		assert_true(slice_is(url_authority(urls[i].url), urls[i].authority));
		assert_true(slice_is(url_host(urls[i].url), urls[i].host));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_host_and_authority),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
