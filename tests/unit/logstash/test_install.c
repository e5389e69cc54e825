/* A generated configuration replaces the present one last, and never one that was edited. */
#include "tests/unit/temp.h"

#include "logstash/install.h"

#define GOOD                                                                                       \
	"source a {\n\tacct-file = \"/var/log/pmta/a.csv\"\n\tendpoint = \"o\"\n}\n"               \
	"endpoint o {\n\turl = \"\"\n}\n"

static void count(const struct file_mistake *m, void *arg)
{
	(void)m;
	(*(unsigned *)arg)++;
}

static enum install_result put(const char *file, const char *text, bool replace)
{
	struct err err = {0};
	enum install_result result;
	unsigned mistakes = 0;
	assert_int_equal(install_conf(file, text, replace, count, &mistakes, &result, &err), 0);
	assert_int_equal(mistakes > 0, result == INSTALL_MISTAKES);
	return result;
}

static void write_text(const char *file, const char *text)
{
	FILE *f = fopen(file, "w");
	assert_non_null(f);
	(void)fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void assert_has(const char *file, const char *text)
{
	char got[8192];
	FILE *f = fopen(file, "r");
	assert_non_null(f);
	got[fread(got, 1, sizeof(got) - 1, f)] = '\0';
	(void)fclose(f);
	assert_string_equal(got, text);
}

static void assert_none(const char *file)
{
	assert_int_equal(access(file, F_OK), -1);
}

/* A generated file: its digest, then what it covers. */
static void generated(const char *rest, char *ret, size_t size)
{
	char digest[INSTALL_DIGEST_SIZE];
	install_digest(rest, digest);
	(void)snprintf(ret, size, "# made\n%s%s", digest, rest);
}

static void test_a_new_file_is_written_and_leaves_nothing_else(UNUSED void **state)
{
	assert_int_equal(put("c", GOOD, false), INSTALL_DONE);
	assert_has("c", GOOD);
	assert_none("c.new");
	assert_none("c.old");
}

static void test_a_text_with_mistakes_replaces_nothing(UNUSED void **state)
{
	write_text("c", GOOD);
	assert_int_equal(put("c", GOOD "nonsense\n", true), INSTALL_MISTAKES);
	assert_has("c", GOOD);
	assert_has("c.new", GOOD "nonsense\n");
}

static void test_a_file_that_was_edited_is_replaced_only_if_asked(UNUSED void **state)
{
	write_text("c", "# mine\n" GOOD);
	assert_int_equal(put("c", GOOD, false), INSTALL_EDITED);
	assert_has("c", "# mine\n" GOOD);
	assert_has("c.new", GOOD);
	write_text("c.old", "from the time before");
	assert_int_equal(put("c", GOOD, true), INSTALL_REPLACED);
	assert_has("c", GOOD);
	assert_has("c.old", "# mine\n" GOOD);
	assert_none("c.new");
}

static void test_what_was_generated_is_replaced_until_it_is_edited(UNUSED void **state)
{
	char text[1024], more[1100];
	generated(GOOD, text, sizeof(text));
	assert_int_equal(put("c", text, false), INSTALL_DONE);
	assert_int_equal(put("c", text, false), INSTALL_DONE);
	(void)snprintf(more, sizeof(more), "%s\n# mine\n", text);
	write_text("c", more);
	assert_int_equal(put("c", text, false), INSTALL_EDITED);
	assert_has("c", more);
}

static void test_the_packages_file_and_an_empty_one_are_not_edited(UNUSED void **state)
{
	extern const char packaged_conf[];
	write_text("c", packaged_conf);
	assert_int_equal(put("c", GOOD, false), INSTALL_DONE);
	write_text("c", "");
	assert_int_equal(put("c", GOOD, false), INSTALL_DONE);
	assert_has("c", GOOD);
}

static void test_the_mode_stays_and_a_link_stays_a_link(UNUSED void **state)
{
	struct stat st;
	write_text("real", "");
	assert_int_equal(chmod("real", 0640), 0);
	assert_int_equal(symlink("real", "c"), 0);
	assert_int_equal(put("c", GOOD, false), INSTALL_DONE);
	assert_int_equal(lstat("c", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(lstat("real", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_has("real", GOOD);
}

static void test_a_file_that_cannot_be_written_is_an_error(UNUSED void **state)
{
	struct err err = {0};
	enum install_result result;
	unsigned mistakes = 0;
	assert_int_equal(install_conf("no/c", GOOD, false, count, &mistakes, &result, &err),
	                 -ENOENT);
	assert_non_null(strstr(err.text, "no/c.new"));
}

/* Each test in a folder of its own, which is the current one. */
static int enter(void **state)
{
	return temp_setup(state) == 0 ? chdir(temp_dir) : -1;
}

static int leave(void **state)
{
	return chdir("/") == 0 ? temp_teardown(state) : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_a_new_file_is_written_and_leaves_nothing_else,
	                                        enter, leave),
	        cmocka_unit_test_setup_teardown(test_a_text_with_mistakes_replaces_nothing, enter,
	                                        leave),
	        cmocka_unit_test_setup_teardown(
	                test_a_file_that_was_edited_is_replaced_only_if_asked, enter, leave),
	        cmocka_unit_test_setup_teardown(
	                test_what_was_generated_is_replaced_until_it_is_edited, enter, leave),
	        cmocka_unit_test_setup_teardown(
	                test_the_packages_file_and_an_empty_one_are_not_edited, enter, leave),
	        cmocka_unit_test_setup_teardown(test_the_mode_stays_and_a_link_stays_a_link, enter,
	                                        leave),
	        cmocka_unit_test_setup_teardown(test_a_file_that_cannot_be_written_is_an_error,
	                                        enter, leave),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
