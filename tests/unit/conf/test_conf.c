/*
 * test_conf.c - conf.h: what is accepted, what is refused, and that both are said exactly.
 *
 * fixtures/conf/bad holds one mistake a file; its first lines, "# expect: LINE: text", are all that
 * may be told about it.  Run from the root of the repository.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "conf/conf.h"

#define EXAMPLE "conf/pmta-shipper.conf"

static char dir[] = "/tmp/test_conf.XXXXXX";

/* ---- the files the fixtures name ---- */

static const struct {
	const char *name, *text;
	mode_t mode;
} files[] = {
        {"secret", "s3cret\r\n", 0640}, {"open", "s3cret\n", 0644},    {"empty", "", 0600},
        {"newline", "\n", 0600},        {"two-lines", "a\nb\n", 0600}, {"control", "a\tb\n", 0600},
};

static void write_file(const char *name, const char *text, size_t len, mode_t mode)
{
	char path[256];
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
}

static int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		write_file(files[i].name, files[i].text, strlen(files[i].text), files[i].mode);
	char text[5000];
	memset(text, 'x', sizeof(text));
	write_file("long", text, sizeof(text), 0600);
	(void)setenv("CONF_TEST_DIR", dir, 1);
	(void)unsetenv("CONF_TEST_UNSET");
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	char path[256];
	static const char *const others[] = {"long", "conf"};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, files[i].name);
		(void)unlink(path);
	}
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, others[i]);
		(void)unlink(path);
	}
	return rmdir(dir);
}

/* ---- loading, with what was told ---- */

static void collect(const struct file_mistake *m, void *arg)
{
	FILE *told = arg;
	(void)fprintf(told, "%s\n", m->line);
}

static int load(struct conf **ret, const char *path, char **ret_told)
{
	size_t size;
	FILE *told = open_memstream(ret_told, &size);
	assert_non_null(told);
	int r = conf_load(ret, path, collect, told);
	(void)fclose(told);
	return r;
}

static struct conf *load_good(const char *path)
{
	struct conf *conf = NULL;
	scope_free char *told = NULL;
	int r = load(&conf, path, &told);
	assert_string_equal(told, "");
	assert_int_equal(r, 0);
	assert_non_null(conf);
	return conf;
}

/* The configuration that text is. */
static struct conf *load_text(const char *text)
{
	char path[256];
	write_file("conf", text, strlen(text), 0600);
	(void)snprintf(path, sizeof(path), "%s/conf", dir);
	return load_good(path);
}

static char *print(const struct conf *conf)
{
	char *ret = NULL;
	size_t size;
	FILE *out = open_memstream(&ret, &size);
	assert_non_null(out);
	conf_print(conf, out);
	(void)fclose(out);
	return ret;
}

static char *read_all(const char *path)
{
	char *ret = NULL;
	size_t size = 0;
	FILE *in = fopen(path, "re");
	assert_non_null(in);
	assert_true(getdelim(&ret, &size, '\0', in) >= 0);
	(void)fclose(in);
	return ret;
}

/* ---- fixtures ---- */

/* text with ${CONF_TEST_DIR} filled in, to out. */
static void fill_in(const char *text, size_t len, FILE *out)
{
	static const char name[] = "${CONF_TEST_DIR}";
	const char *end = text + len;
	while (text < end) {
		if (strncmp(text, name, strlen(name)) == 0) {
			(void)fputs(dir, out);
			text += strlen(name);
		} else {
			(void)fputc(*text++, out);
		}
	}
}

/* What the first lines of a bad fixture say that must be told. */
static char *expected(const char *path)
{
	static const char mark[] = "# expect: ";
	char *ret = NULL;
	size_t size;
	scope_free char *text = read_all(path);
	FILE *out = open_memstream(&ret, &size);
	assert_non_null(out);
	for (const char *p = text; strncmp(p, mark, strlen(mark)) == 0; p++) {
		p += strlen(mark);
		size_t len = strcspn(p, "\n");
		(void)fprintf(out, "%s:", path);
		fill_in(p, p[len - 1] == '\r' ? len - 1 : len, out);
		(void)fputc('\n', out);
		p += len;
	}
	(void)fclose(out);
	return ret;
}

typedef void fixture_fn(const char *path);

static size_t each_fixture(const char *where, fixture_fn *fn)
{
	size_t n = 0;
	DIR *d = opendir(where);
	assert_non_null(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		char path[512];
		if (!strstr(e->d_name, ".conf"))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", where, e->d_name);
		fn(path);
		n++;
	}
	(void)closedir(d);
	return n;
}

/* One bad fixture shall not hide the others: they are counted, and all of them shown. */
static size_t not_as_expected;

static void refuse(const char *path)
{
	struct conf *conf = NULL;
	scope_free char *told = NULL;
	scope_free char *want = expected(path);
	int r = load(&conf, path, &told);
	if (r == -EINVAL && !conf && *want && strcmp(told, want) == 0)
		return;
	(void)fprintf(stderr, "%s gives %d\nexpected:\n%stold:\n%s", path, r, want, told);
	(void)conf_free(conf);
	not_as_expected++;
}

static void test_bad_fixtures(void **state)
{
	(void)state;
	assert_true(each_fixture("fixtures/conf/bad", refuse) >= 100);
	assert_int_equal(not_as_expected, 0);
}

static void accept(const char *path)
{
	(void)setenv("CREDENTIALS_DIRECTORY", dir, 1);
	struct conf *conf = load_good(path);
	scope_free char *first = print(conf);
	conf = conf_free(conf);
	(void)unsetenv("CREDENTIALS_DIRECTORY");

	conf = load_text(first);
	scope_free char *second = print(conf);
	(void)conf_free(conf);
	assert_string_equal(second, first);
}

static void test_good_fixtures_print_read_print(void **state)
{
	(void)state;
	assert_true(each_fixture("fixtures/conf/good", accept) >= 5);
	accept(EXAMPLE);
}

/* ---- values ---- */

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
	assert_true(e->fill_addresses);
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
	assert_false(e->fill_addresses);
	assert_int_equal(e->refuse_limit, 0);
	assert_string_equal(e->client_key, path);
	assert_string_equal(e->proxy, "http://proxy.example.com:3128");
	assert_true(e->allow_http);
	assert_list(&e->reject_body, 2, "line one\nline two\t\x1b[0m", "single \\n quotes ${HOME}");
	(void)conf_free(conf);
	(void)unsetenv("CREDENTIALS_DIRECTORY");
}

/* Sources find their endpoints, and complaints are known by name. */
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

/* ---- files that are none ---- */

static void assert_unreadable(const char *path, int code, const char *why)
{
	struct conf *conf = NULL;
	scope_free char *told = NULL;
	char want[512];
	(void)snprintf(want, sizeof(want), "%s: %s\n", path, why);
	assert_int_equal(load(&conf, path, &told), code);
	assert_string_equal(told, want);
	assert_null(conf);
}

static void test_unreadable(void **state)
{
	(void)state;
	char path[256];
	(void)snprintf(path, sizeof(path), "%s/conf", dir);
	assert_unreadable("/no/such/file", -ENOENT, "cannot be opened: No such file or directory");
	assert_unreadable("/", -EISDIR, "cannot be read: Is a directory");
	write_file("conf", "a\0b", 3, 0600);
	assert_unreadable(path, -EINVAL, "contains a NUL byte: not a configuration file");
	char *big = malloc((1 << 20) + 1);
	memset(big, '#', (1 << 20) + 1);
	write_file("conf", big, (1 << 20) + 1, 0600);
	free(big);
	assert_unreadable(path, -EFBIG, "is longer than 1 MiB: not a configuration file");
}

/* A file cut anywhere is refused or accepted, never a crash; and the next one is read as ever. */
static void test_cut_anywhere(void **state)
{
	(void)state;
	scope_free char *text = read_all("fixtures/conf/good/every-key.conf");
	(void)setenv("CREDENTIALS_DIRECTORY", dir, 1);
	for (size_t len = 0; len < strlen(text); len += 3) {
		char path[256];
		struct conf *conf = NULL;
		scope_free char *told = NULL;
		(void)snprintf(path, sizeof(path), "%s/conf", dir);
		write_file("conf", text, len, 0600);
		bool whole = strcspn(text + len, "}") == strlen(text + len);
		int r = load(&conf, path, &told);
		assert_int_equal(r, whole ? 0 : -EINVAL);
		assert_int_equal(*told == '\0', r == 0);
		(void)conf_free(conf);
	}
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	(void)conf_free(load_good("fixtures/conf/good/minimal.conf"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_bad_fixtures),
	        cmocka_unit_test(test_good_fixtures_print_read_print),
	        cmocka_unit_test(test_defaults_top),
	        cmocka_unit_test(test_defaults_source),
	        cmocka_unit_test(test_defaults_endpoint),
	        cmocka_unit_test(test_every_key_top),
	        cmocka_unit_test(test_every_key_endpoint),
	        cmocka_unit_test(test_two_endpoints),
	        cmocka_unit_test(test_strings),
	        cmocka_unit_test(test_variables),
	        cmocka_unit_test(test_unreadable),
	        cmocka_unit_test(test_cut_anywhere),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
