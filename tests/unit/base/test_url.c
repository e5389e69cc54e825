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

static void test_port_and_query(void **state)
{
	(void)state;
	static const struct {
		const char *url, *port;
		bool pmta;
	} urls[] = {
	        {"https://a.example/p?type=pmta", "443", true},
	        {"https://a.example:8443/p?x=1&type=pmta#f", "8443", true},
	        {"http://a.example/p?type=pmtax", "80", false},
	        {"https://[::1]/p#type=pmta", "443", false},
	        {"https://[::1]:8443/p?xtype=pmta", "8443", false},
	        {"https://a.example:/", "443", false},
	        {"", "80", false},
	};
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		assert_true(slice_is(url_port(urls[i].url), urls[i].port));
		assert_int_equal(url_query_has(urls[i].url, "type=pmta"), urls[i].pmta);
	}
}

static void test_secrets_in_a_url_are_masked(void **state)
{
	(void)state;
	static const char *const urls[][2] = {
	        {"https://a.example:8443/p?type=pmta", "https://a.example:8443/p?type=pmta"},
	        {"https://u:p@a.example/p?key=s&type=pmta&t",
	         "https://a.example/p?key=***&type=pmta&t"},
	        {"https://a.example?typ=x&types=y#f", "https://a.example?typ=***&types=***"},
	        {"https://a.example", "https://a.example"},
	        {"", ""},
	};
	char shown[64], cut[12];
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		url_masked(urls[i][0], shown, sizeof(shown));
		assert_string_equal(shown, urls[i][1]);
		url_masked(urls[i][0], cut, sizeof(cut));
		assert_true(strncmp(urls[i][1], cut, strlen(cut)) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_host_and_authority),
	        cmocka_unit_test(test_port_and_query),
	        cmocka_unit_test(test_secrets_in_a_url_are_masked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
