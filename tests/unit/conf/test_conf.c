/*
 * test_conf.c - conf.h: which files are accepted, which are refused, and the exact messages.
 *
 * Each file in fixtures/conf/bad has one mistake.  Its first lines, "# expect: LINE: text", are all
 * the messages that may be reported about it.  Run from the root of the repository.
 */
#include "tests/unit/conf/rig.h"

#include <dirent.h>

#define EXAMPLE "conf/pmta-shipper.conf"

/* ---- fixtures ---- */

/* Writes text to out, with ${CONF_TEST_DIR} filled in. */
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

/* The messages that the first lines of a bad fixture demand. */
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

/* One failing fixture must not hide the others: failures are counted, and all are shown. */
static size_t not_as_expected;

static void refuse(const char *path)
{
	struct conf *conf = NULL;
	scope_free char *reported = NULL;
	scope_free char *want = expected(path);
	int r = load(&conf, path, &reported);
	if (r == -EINVAL && !conf && *want && strcmp(reported, want) == 0)
		return;
	(void)fprintf(stderr, "%s gives %d\nexpected:\n%sreported:\n%s", path, r, want, reported);
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

/* ---- files that are no configuration ---- */

static void assert_unreadable(const char *path, int code, const char *why)
{
	struct conf *conf = NULL;
	scope_free char *reported = NULL;
	char want[512];
	(void)snprintf(want, sizeof(want), "%s: %s\n", path, why);
	assert_int_equal(load(&conf, path, &reported), code);
	assert_string_equal(reported, want);
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

/* A file cut anywhere is refused or accepted without a crash, and the next one is read as ever. */
static void test_cut_anywhere(void **state)
{
	(void)state;
	scope_free char *text = read_all("fixtures/conf/good/every-key.conf");
	(void)setenv("CREDENTIALS_DIRECTORY", dir, 1);
	for (size_t len = 0; len < strlen(text); len += 3) {
		char path[256];
		struct conf *conf = NULL;
		scope_free char *reported = NULL;
		(void)snprintf(path, sizeof(path), "%s/conf", dir);
		write_file("conf", text, len, 0600);
		bool whole = strcspn(text + len, "}") == strlen(text + len);
		int r = load(&conf, path, &reported);
		assert_int_equal(r, whole ? 0 : -EINVAL);
		assert_int_equal(*reported == '\0', r == 0);
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
	        cmocka_unit_test(test_unreadable),
	        cmocka_unit_test(test_cut_anywhere),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
