/*
 * test_options.c - options.h: the table of keys; the example and the manual agree with it.
 * Run from the root of the repository.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/units.h"
#include "conf/conf.h"
#include "conf/options.h"

#define EXAMPLE "conf/pmta-shipper.conf"
#define MANUAL "docs/pmta-shipper.conf.5"

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

static void no_mistake(const struct file_mistake *m, void *arg)
{
	(void)arg;
	fail_msg("%s", m->line);
}

static struct conf *load(const char *path)
{
	struct conf *conf = NULL;
	assert_int_equal(conf_load(&conf, path, no_mistake, NULL), 0);
	return conf;
}

static struct conf *load_text(const char *text)
{
	char path[] = "/tmp/test_options.XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	struct conf *conf = load(path);
	(void)unlink(path);
	return conf;
}

/* The output of conf_print().  conf is freed. */
static char *print(struct conf *conf)
{
	char *ret = NULL;
	size_t size;
	FILE *out = open_memstream(&ret, &size);
	assert_non_null(out);
	conf_print(conf, out);
	(void)fclose(out);
	(void)conf_free(conf);
	return ret;
}

/* ---- the table ---- */

union any_section {
	struct conf conf;
	struct conf_source source;
	struct ship_conf endpoint;
};

/* Every default is a value that the option accepts from a file, and no key is there twice. */
static void test_defaults_are_values(void **state)
{
	(void)state;
	for (const struct option *o = options; o->key; o++) {
		union any_section base = {0};
		assert_int_equal(option_set_default(o, &base), 0);
		option_clear(o, &base);
		assert_ptr_equal(option_named(o->section, o->key), o);
		assert_non_null(o->help);
		assert_true(o->min <= o->max);
	}
}

static int set(const char *section, const char *key, void *base, char *text, char *why)
{
	const struct strlist values = {&text, 1};
	return option_set(option_named(section, key), base, &values, why, 512);
}

/* Both ends of a range belong to it; a refused value changes nothing. */
static void test_range(void **state)
{
	(void)state;
	struct ship_conf e = {0};
	char why[512] = "";
	assert_int_equal(set("endpoint", "batch-records", &e, "1", why), 0);
	assert_int_equal(e.batch_records, 1);
	assert_int_equal(set("endpoint", "batch-records", &e, "10000", why), 0);
	assert_int_equal(e.batch_records, 10000);
	assert_string_equal(why, "");
	assert_int_equal(set("endpoint", "batch-records", &e, "0", why), -EINVAL);
	assert_string_equal(why, "'batch-records' is '0': must be from 1 to 10000");
	assert_int_equal(set("endpoint", "batch-records", &e, "10001", why), -EINVAL);
	assert_int_equal(e.batch_records, 10000);
}

static void test_text_is_replaced(void **state)
{
	(void)state;
	struct conf_source s = {0};
	char why[512] = "";
	assert_int_equal(set("source", "acct-file", &s, "/one", why), 0);
	assert_int_equal(set("source", "acct-file", &s, "/two", why), 0);
	assert_string_equal(s.acct_file, "/two");
	assert_int_equal(set("source", "acct-file", &s, "three", why), -EINVAL);
	assert_string_equal(s.acct_file, "/two");
	option_clear(option_named("source", "acct-file"), &s);
	assert_null(s.acct_file);
}

static void test_nearest(void **state)
{
	(void)state;
	assert_string_equal(option_nearest("endpoint", "batch-record"), "batch-records");
	assert_string_equal(option_nearest("endpoint", "tiemout"), "timeout");
	assert_string_equal(option_nearest("endpoint", "retry_max"), "retry-max");
	assert_string_equal(option_nearest("source", "account-file"), "acct-file");
	assert_string_equal(option_nearest("source", "moveto"), "move-to");
	assert_string_equal(option_nearest("", "loglevel"), "log-level");
	assert_string_equal(option_nearest_section("endpiont"), "endpoint");
	assert_null(option_nearest("", "timeout"));
	assert_null(option_nearest("endpoint", "x"));
	assert_null(option_nearest("endpoint", ""));
	assert_null(
	        option_nearest("endpoint", "a-name-that-is-longer-than-any-that-can-be-compared"));
	assert_null(option_nearest_section("sink"));
}

/* ---- $ and quotes ---- */

#define BEFORE                                                                                     \
	"source b { acct-file = \"/b.csv\" endpoint = e }\nendpoint e { url = \"\"\ntype-field = "

static void assert_type_field(const char *written, const char *want)
{
	char text[512];
	(void)snprintf(text, sizeof(text), BEFORE "%s\n}\n", written);
	struct conf *conf = load_text(text);
	assert_string_equal(conf->endpoints[0].type_field, want);
	scope_free char *printed = print(conf);
	conf = load_text(printed);
	assert_string_equal(conf->endpoints[0].type_field, want);
	(void)conf_free(conf);
}

static void test_dollar_and_quotes(void **state)
{
	(void)state;
	(void)unsetenv("CONF_TEST_UNSET");
	(void)setenv("CONF_TEST_VALUE", "${HOME} \"$x\" \\", 1);
	assert_type_field("\"${CONF_TEST_VALUE}\"", "${HOME} \"$x\" \\");
	assert_type_field("\"<${CONF_TEST_UNSET:-none}>\"", "<none>");
	assert_type_field("\"\\${CONF_TEST_UNSET}\"", "${CONF_TEST_UNSET}");
	assert_type_field("'${CONF_TEST_UNSET}'", "${CONF_TEST_UNSET}");
	assert_type_field("\"$CONF_TEST_VALUE\"", "$CONF_TEST_VALUE");
	assert_type_field("\"a#b//c/*d*/\"", "a#b//c/*d*/");
	assert_type_field("'it\\'s \\\\'", "it's \\");
	assert_type_field("a//b", "a//b");
	assert_type_field("\"b\xc3\xbc"
	                  "cher\xff\"",
	                  "b\xc3\xbc"
	                  "cher\xff");
	assert_type_field("\"\\x41\\102\\x7e\"", "AB~");
	assert_type_field("\"a\\\nb\"", "ab");
}

/* Any single byte that a value may contain survives printing and reading. */
static void test_every_byte(void **state)
{
	(void)state;
	for (unsigned c = ' '; c < 256; c++) {
		char written[16];
		char want[4] = {'x', (char)c, 'y', 0};
		if (c == 0x7f)
			continue;
		(void)snprintf(written, sizeof(written), "\"x\\x%02xy\"", c);
		assert_type_field(written, want);
	}
}

/* ---- the example and the manual ---- */

/* The defaults that the example shows as comments are the real defaults. */
static void test_example_shows_defaults(void **state)
{
	(void)state;
	scope_free char *text = read_all(EXAMPLE);
	size_t shown = 0;
	for (char *p = text; *p; p++) {
		bool start = p == text || strchr("\n\t", p[-1]);
		if (!start || p[0] != '#' || p[1] < 'a' || p[1] > 'z')
			continue;
		/* Setting it to its default differs from leaving it out: conf.first_start_set. */
		if (strncmp(p, "#first-start", 12) == 0)
			continue;
		*p = ' ';
		shown++;
	}
	assert_true(shown > 20);
	scope_free char *as_shipped = print(load(EXAMPLE));
	scope_free char *with_defaults = print(load_text(text));
	assert_string_equal(with_defaults, as_shipped);
}

static void test_example_names_every_key(void **state)
{
	(void)state;
	scope_free char *text = read_all(EXAMPLE);
	for (const struct option *o = options; o->key; o++) {
		char assigned[64];
		(void)snprintf(assigned, sizeof(assigned), "%s = ", o->key);
		if (!strstr(text, assigned))
			fail_msg("'%s' is not in " EXAMPLE, o->key);
	}
}

/* The manual's item about a key, up to the next item. */
static char *manual_item(const char *manual, const char *key)
{
	char item[64];
	(void)snprintf(item, sizeof(item), "\n.It Ic %s ", key);
	const char *start = strstr(manual, item);
	if (!start) {
		fail_msg("'%s' is not in the manual", key);
		return NULL; /* not reached, but the compiler does not know that */
	}
	const char *end = strstr(start + 1, "\n.It Ic ");
	return end ? strndup(start, (size_t)(end - start)) : strdup(start);
}

static void assert_says(const char *item, const char *key, const char *what)
{
	if (!strstr(item, what))
		fail_msg("the manual's '%s' does not say '%s'", key, what);
}

/* The manual has every key, with its default, its largest value and an example. */
static void test_manual_names_every_key(void **state)
{
	(void)state;
	scope_free char *manual = read_all(MANUAL);
	for (const struct option *o = options; o->key; o++) {
		char largest[32] = "", example[64];
		scope_free char *item = manual_item(manual, o->key);
		if (o->fallback)
			assert_says(item, o->key, o->fallback);
		if (o->type == OPTION_TIME)
			units_print_time(o->max, largest, sizeof(largest));
		if (o->type == OPTION_SIZE)
			units_print_size(o->max, largest, sizeof(largest));
		if (o->type == OPTION_NUMBER)
			(void)snprintf(largest, sizeof(largest), "to %ju", (uintmax_t)o->max);
		assert_says(item, o->key, largest);
		(void)snprintf(example, sizeof(example), "\n.Dl %s = ", o->key);
		assert_says(item, o->key, example);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_defaults_are_values),
	        cmocka_unit_test(test_range),
	        cmocka_unit_test(test_text_is_replaced),
	        cmocka_unit_test(test_nearest),
	        cmocka_unit_test(test_dollar_and_quotes),
	        cmocka_unit_test(test_every_byte),
	        cmocka_unit_test(test_example_shows_defaults),
	        cmocka_unit_test(test_example_names_every_key),
	        cmocka_unit_test(test_manual_names_every_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
