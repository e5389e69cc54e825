/*
 * test_conf_values.c - conf.h: the values of keys, given and by default.  Run from the root of the
 * repository.
 */
#include "tests/unit/conf/rig.h"

static void assert_list(const struct strlist *list, size_t n, ...)
{
	va_list args;
	va_start(args, n);
	assert_int_equal(list->n, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(list->v[i], va_arg(args, const char *));
	va_end(args);
}

static void test_defaults_top(void **state)
{
	(void)state;
	struct conf *conf = load_good("fixtures/conf/good/minimal.conf");
	assert_string_equal(conf->path, "fixtures/conf/good/minimal.conf");
	assert_string_equal(conf->state_dir, "/var/lib/pmta-shipper");
	assert_string_equal(conf->runtime_dir, "/var/lib/pmta-shipper");
	assert_int_equal(conf->log_level, LOG_LEVEL_INFO);
	assert_false(conf->log_json);
	assert_int_equal(conf->first_start, FIRST_LIVE);
	assert_false(conf->first_start_set);
	assert_string_equal(conf->metrics_listen, "127.0.0.1:9468");
	assert_int_equal(conf->rescan_ms, 30000);
	assert_int_equal(conf->record_max, 65536);
	assert_int_equal(conf->drain_ms, 10000);
	assert_int_equal(conf->dead_max_records, 100000);
	assert_int_equal(conf->dead_max_bytes, 256 << 20);
	assert_int_equal(conf->rules.n, 0);
	assert_int_equal(conf->nsources, 1);
	assert_int_equal(conf->nendpoints, 1);
	(void)conf_free(conf);
}

static void test_defaults_source(void **state)
{
	(void)state;
	struct conf *conf = load_good("fixtures/conf/good/minimal.conf");
	const struct conf_source *s = &conf->sources[0];
	assert_string_equal(s->name, "bounces");
	assert_string_equal(s->move_to, "");
	assert_list(&s->records, 2, "b", "rb");
	assert_list(
	        &s->record_fields, 2,
	        "b timeQueued,timeLogged,orig,rcpt,bounceCat,dsnStatus,dsnAction,dsnDiag,dsnMta,"
	        "jobId,vmta,header_X-FBLId",
	        "rb timeLogged,orig,rcpt,bounceCat,dsnStatus,dsnAction,dsnDiag,dsnMta,"
	        "header_X-FBLId");
	assert_false(s->fair);
	assert_int_equal(s->endpoint, 0);
	(void)conf_free(conf);
}

static void test_defaults_endpoint(void **state)
{
	(void)state;
	struct conf *conf = load_good("fixtures/conf/good/minimal.conf");
	const struct ship_conf *e = &conf->endpoints[0];
	const char *const empty[] = {e->url,         e->signature_file, e->token_file, e->ca_file,
	                             e->client_cert, e->client_key,     e->proxy};
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		assert_string_equal(empty[i], "");
	assert_string_equal(e->name, "octeth");
	assert_int_equal(e->format, SHIP_ARRAY);
	assert_int_equal(e->headers.n, 0);
	assert_int_equal(e->batch_records, 500);
	assert_int_equal(e->batch_bytes, 1 << 20);
	assert_int_equal(e->batch_age_ms, 1000);
	assert_int_equal(e->in_flight, 4);
	assert_int_equal(e->requests_per_minute, 0);
	assert_int_equal(e->connect_timeout_ms, 10000);
	assert_int_equal(e->timeout_ms, 60000);
	assert_int_equal(e->retry_min_ms, 1000);
	assert_int_equal(e->retry_max_ms, 300000);
	assert_int_equal(e->hold_interval_ms, 60000);
	assert_false(e->gzip);
	assert_string_equal(e->type_field, "logType");
	assert_true(e->fill.on);
	assert_int_equal(e->refuse_limit, 50);
	assert_false(e->allow_http);
	assert_list(&e->reject_body, 4, "MySQL Error", "Fatal error", "<br />\n<b>Fatal error",
	            "{\"Success\":false");
	(void)conf_free(conf);
}

static void test_every_key_top(void **state)
{
	(void)state;
	(void)setenv("CREDENTIALS_DIRECTORY", dir, 1);
	struct conf *conf = load_good("fixtures/conf/good/every-key.conf");
	assert_string_equal(conf->state_dir, "/srv/shipper/state");
	assert_string_equal(conf->runtime_dir, "/srv/shipper/run");
	assert_int_equal(conf->log_level, LOG_LEVEL_DEBUG);
	assert_true(conf->log_json);
	assert_int_equal(conf->first_start, FIRST_ALL);
	assert_true(conf->first_start_set);
	assert_string_equal(conf->metrics_listen, "[::1]:9999");
	assert_int_equal(conf->rescan_ms, 5000);
	assert_int_equal(conf->record_max, 1 << 20);
	assert_int_equal(conf->drain_ms, 0);
	assert_int_equal(conf->dead_max_records, 7);
	assert_int_equal(conf->dead_max_bytes, 1 << 30);
	assert_list(&conf->rules, 2, "/etc/pmta-shipper/rules.d/*.rules", "/srv/more.rules");
	const struct conf_source *s = &conf->sources[0];
	assert_string_equal(s->acct_file, "/var/log/pmta/complaints.csv");
	assert_string_equal(s->move_to, "/var/log/pmta/moved");
	assert_list(&s->records, 2, "f", "rs");
	assert_string_equal(s->endpoint_name, "mailwizz");
	assert_true(s->fair);
	assert_list(&s->record_fields, 2, "f timeLogged,header_To,header_X-FBLId", "rs orig");
	(void)conf_free(conf);
	(void)unsetenv("CREDENTIALS_DIRECTORY");
}

static void test_every_key_endpoint(void **state)
{
	(void)state;
	char path[256];
	(void)snprintf(path, sizeof(path), "%s/secret", dir);
	(void)setenv("CREDENTIALS_DIRECTORY", dir, 1);
	struct conf *conf = load_good("fixtures/conf/good/every-key.conf");
	const struct ship_conf *e = &conf->endpoints[0];
	assert_int_equal(e->format, SHIP_NDJSON);
	assert_string_equal(e->signature_file, path);
	assert_string_equal(e->token_file, path);
	assert_list(&e->headers, 2, "X-Site: eu1", "X-Price: 5$ \"net\" \\o/");
	assert_int_equal(e->batch_records, 10000);
	assert_int_equal(e->batch_bytes, 64 << 20);
	assert_int_equal(e->batch_age_ms, 0);
	assert_int_equal(e->in_flight, 256);
	assert_int_equal(e->requests_per_minute, 99);
	assert_int_equal(e->connect_timeout_ms, 1500);
	assert_int_equal(e->timeout_ms, 120000);
	assert_int_equal(e->retry_min_ms, 100);
	assert_int_equal(e->retry_max_ms, 86400000);
	assert_int_equal(e->hold_interval_ms, 7200000);
	assert_true(e->gzip);
	assert_string_equal(e->type_field, "type");
	assert_false(e->fill.on);
	assert_int_equal(e->refuse_limit, 0);
	assert_string_equal(e->client_key, path);
	assert_string_equal(e->proxy, "http://proxy.example.com:3128");
	assert_true(e->allow_http);
	assert_list(&e->reject_body, 2, "line one\nline two\t\x1b[0m", "single \\n quotes ${HOME}");
	(void)conf_free(conf);
	(void)unsetenv("CREDENTIALS_DIRECTORY");
}

/* Sources find their endpoints; a source of complaints is recognised by its name. */
static void test_two_endpoints(void **state)
{
	(void)state;
	struct conf *conf = load_good("fixtures/conf/good/two-endpoints.conf");
	assert_int_equal(conf->nsources, 5);
	assert_int_equal(conf->sources[0].endpoint, 0);
	assert_int_equal(conf->sources[1].endpoint, 1);
	assert_list(&conf->sources[2].records, 2, "b", "rb");
	assert_list(&conf->sources[3].records, 1, "f");
	assert_list(&conf->sources[4].records, 1, "f");
	assert_int_equal(conf->endpoints[0].in_flight, 4);
	assert_int_equal(conf->endpoints[1].in_flight, 16);
	assert_ptr_equal(conf_source_named(conf, "other-volume"), &conf->sources[2]);
	assert_null(conf_source_named(conf, "other"));
	(void)conf_free(conf);
}

#define REST "source s { acct-file = /a endpoint = e }\nendpoint e { url = \"\"\n"

static void test_strings(void **state)
{
	(void)state;
	struct conf *conf = load_text(
	        REST
	        "reject-body = { \"\\n\\r\\t\\b\\f\\v\\a\\e\", \"\\z\\X41\\xg\\$\\\"\\\\\",\n"
	        "\"\\1\\101\\x41\\xfg\\377\", \"one \\\ntwo\", 'one \\\ntwo', 'it\\'s \\\\ \\n',\n"
	        "a//b, $, /* , \"c\", */ 'd\ne', }}\n");
	assert_list(&conf->endpoints[0].reject_body, 9, "\n\r\t\b\f\v\a\033", "zX41xg$\"\\",
	            "\001AA\017g\377", "one two", "one two", "it's \\ \\n", "a//b", "$", "d\ne");
	(void)conf_free(conf);
}

static void test_variables(void **state)
{
	(void)state;
	(void)setenv("CONF_TEST_EMPTY", "", 1);
	(void)setenv("CONF_TEST_SET", "a ${CONF_TEST_DIR} \\n \"", 1);
	struct conf *conf = load_text(
	        REST "reject-body = { \"<${CONF_TEST_SET}>\", '${CONF_TEST_SET}', \"$x\",\n"
	             "\"<${CONF_TEST_EMPTY:-a}>\", \"<${CONF_TEST_UNSET:-a \\n $}>\",\n"
	             "\"<${CONF_TEST_UNSET:-}>\", \"<${CONF_TEST:UNSET:-a:-b}>\" }}\n");
	assert_list(&conf->endpoints[0].reject_body, 7, "<a ${CONF_TEST_DIR} \\n \">",
	            "${CONF_TEST_SET}", "$x", "<>", "<a \\n $>", "<>", "<a:-b>");
	(void)conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_defaults_top),
	        cmocka_unit_test(test_defaults_source),
	        cmocka_unit_test(test_defaults_endpoint),
	        cmocka_unit_test(test_every_key_top),
	        cmocka_unit_test(test_every_key_endpoint),
	        cmocka_unit_test(test_two_endpoints),
	        cmocka_unit_test(test_strings),
	        cmocka_unit_test(test_variables),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
