/*
 * test_config.c - pmta/config.h: the shape of PowerMTA's configuration.
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

#include "conf/options.h"
#include "pmta/config.h"

/* Files that exist only in this test. */
struct file {
	const char *path, *text;
};

static int list(const char *pattern, struct strlist *ret, void *arg)
{
	size_t len = strcspn(pattern, "*");
	for (const struct file *f = arg; f->path; f++)
		if (pattern[len] ? strncmp(f->path, pattern, len) == 0
		                 : strcmp(f->path, pattern) == 0)
			assert_true(strlist_add(ret, f->path));
	return 0;
}

static int text(const char *path, char **ret, size_t *ret_len, void *arg)
{
	for (const struct file *f = arg; f->path; f++) {
		if (strcmp(f->path, path) != 0)
			continue;
		*ret = strdup(f->text);
		assert_non_null(*ret);
		*ret_len = strlen(f->text);
		return 0;
	}
	return -ENOENT;
}

static struct pmta_config *read_files(const struct file *files)
{
	const struct pmta_files hooks = {list, text, (void *)files};
	struct pmta_config *c = NULL;
	struct err err = {0};
	assert_int_equal(pmta_config_read(&c, files[0].path, &hooks, &err), 0);
	return c;
}

static struct pmta_config *read_text(const char *config)
{
	const struct file files[] = {{"/etc/pmta/config", config}, {0}};
	return read_files(files);
}

static void assert_value(const struct pmta_config *c, size_t parent, const char *name,
                         const char *value, unsigned line)
{
	const struct pmta_node *n = pmta_last(c, parent, name);
	assert_non_null(n);
	assert_string_equal(n->value, value);
	assert_int_equal(n->line, line);
}

static void assert_mistake(const struct pmta_config *c, unsigned line, const char *part)
{
	for (size_t i = 0; i < c->nmistakes; i++)
		if (c->mistakes[i].line == line && strstr(c->mistakes[i].text, part))
			return;
	fail_msg("no mistake '%s' in line %u", part, line);
}

static void test_directives_blocks_and_comments(void **state)
{
	(void)state;
	struct pmta_config *c = read_text("\xef\xbb\xbf# a comment\r\n"
	                                  "Postmaster you@example.com\r\n"
	                                  "\r\n"
	                                  "<acct-file /var/log/pmta/a b.csv>\r\n"
	                                  "\trecords  b, rb   # not d\r\n"
	                                  "    move-to \"/var/#x/\"  # there\r\n"
	                                  "    sync\r\n"
	                                  "</acct-file>\r\n"
	                                  "log-file /var/log/pmta/log#1");
	assert_int_equal(c->nmistakes, 0);
	assert_value(c, 0, "postmaster", "you@example.com", 2);
	assert_value(c, 0, "log-file", "/var/log/pmta/log", 9); /* anywhere in a line */
	size_t block = pmta_next(c, 0, "acct-file", 0);
	assert_true(block > 0 && c->nodes[block].block);
	assert_string_equal(c->nodes[block].value, "/var/log/pmta/a b.csv");
	assert_int_equal(c->nodes[block].line, 4);
	assert_value(c, block, "records", "b, rb", 5);
	assert_value(c, block, "move-to", "/var/#x/", 6);
	assert_value(c, block, "sync", "", 7);
	assert_null(pmta_last(c, 0, "records"));
	assert_int_equal(pmta_next(c, PMTA_ANYWHERE, "acct-file", block), 0);
	(void)pmta_config_free(c);
}

static void test_blocks_in_blocks_and_the_last_one_counts(void **state)
{
	(void)state;
	struct pmta_config *c = read_text("<bounce-processor>\n<ADDRESS-list>\ndomain a\ndomain b\n"
	                                  "</address-list>\ndomain c\n</bounce-processor>\n");
	assert_int_equal(c->nmistakes, 0);
	size_t outer = pmta_next(c, 0, "bounce-processor", 0);
	size_t inner = pmta_next(c, outer, "address-list", 0);
	assert_true(inner > outer);
	assert_value(c, inner, "domain", "b", 4);
	assert_value(c, outer, "domain", "c", 6);
	(void)pmta_config_free(c);
}

static void test_includes_are_read_in_place_of_their_line(void **state)
{
	(void)state;
	const struct file files[] = {
	        {"/etc/pmta/config", "<acct-file /a>\ninclude part\n</acct-file>\n"
	                             "include /etc/pmta/d/*.conf\nx 9\n"},
	        {"/etc/pmta/part", "records b\n"},
	        {"/etc/pmta/d/1.conf", "x 1\n"},
	        {"/etc/pmta/d/2.conf", "x 2\n"},
	        {0},
	};
	struct pmta_config *c = read_files(files);
	assert_int_equal(c->nmistakes, 0);
	size_t block = pmta_next(c, 0, "acct-file", 0);
	assert_value(c, block, "records", "b", 1);
	assert_string_equal(pmta_last(c, block, "records")->file, "/etc/pmta/part");
	size_t x = pmta_next(c, 0, "x", 0);
	assert_string_equal(c->nodes[x].file, "/etc/pmta/d/1.conf");
	assert_value(c, 0, "x", "9", 5);
	assert_int_equal(c->files.n, 4);
	(void)pmta_config_free(c);
}

static void test_a_pattern_includes_files_inside_a_block(void **state)
{
	(void)state;
	const struct file files[] = {
	        {"/etc/pmta/config", "<acct-file /a>\ninclude d/*\n</acct-file>\n"},
	        {"/etc/pmta/d/1", "records b\n"},
	        {"/etc/pmta/d/2", "sync yes\n"},
	        {0}};
	struct pmta_config *c = read_files(files);
	size_t block = pmta_next(c, 0, "acct-file", 0);
	assert_int_equal(c->nmistakes, 0);
	assert_value(c, block, "records", "b", 1);
	assert_value(c, block, "sync", "yes", 1);
	(void)pmta_config_free(c);
}

static int closed(const char *pattern, struct strlist *ret, void *arg)
{
	(void)pattern;
	(void)ret;
	(void)arg;
	return -EACCES;
}

static void test_a_folder_that_cannot_be_listed_is_not_an_empty_one(void **state)
{
	(void)state;
	const struct file files[] = {{"/etc/pmta/config", "include d/*\n"}, {0}};
	const struct pmta_files hooks = {closed, text, (void *)files};
	struct pmta_config *c = NULL;
	struct err err = {0};
	assert_int_equal(pmta_config_read(&c, files[0].path, &hooks, &err), 0);
	assert_mistake(c, 1, "cannot list the included files '/etc/pmta/d/*'");
	(void)pmta_config_free(c);
}

static void test_include_loops_end_and_are_reported(void **state)
{
	(void)state;
	const struct file files[] = {
	        {"/a", "include /b\nx 1\n"}, {"/b", "include /a\ninclude /b\n"}, {0}};
	struct pmta_config *c = read_files(files);
	assert_int_equal(c->nmistakes, 2);
	assert_mistake(c, 1, "'/a' includes itself");
	assert_mistake(c, 2, "'/b' includes itself");
	assert_value(c, 0, "x", "1", 2);
	(void)pmta_config_free(c);
}

/* Each file includes the next one twice: without a bound, each level doubles the number. */
static void test_depth_and_number_of_files_are_bounded(void **state)
{
	(void)state;
	char names[40][8], texts[40][64];
	struct file files[41] = {{0}};
	for (size_t i = 0; i < 40; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "/%zu", i);
		(void)snprintf(texts[i], sizeof(texts[i]), "include /%zu\ninclude /%zu\n", i + 1,
		               i + 1);
		files[i] = (struct file){names[i], texts[i]};
	}
	struct pmta_config *c = read_files(files);
	assert_mistake(c, 1, "files deep");
	assert_true(c->nmistakes <= PMTA_MISTAKES_MAX);
	(void)pmta_config_free(c);
}

static void test_mistakes_have_their_lines(void **state)
{
	(void)state;
	const struct file files[] = {
	        {"/c",
	         "include\ninclude gone\ninclude none/*\n</nothing>\n<a 1\n<b>\n</a>\ninclude "
	         "/d\n<e>\n"},
	        {"/d", "</c>\n<f>\n"},
	        {0}};
	struct pmta_config *c = read_files(files);
	assert_mistake(c, 1, "include without a file name");
	assert_mistake(c, 2, "cannot read the included file '/gone'");
	assert_mistake(c, 4, "</nothing> without <nothing>");
	assert_mistake(c, 5, "'>' is missing");
	assert_mistake(c, 6, "<b> is not closed");
	assert_mistake(c, 1, "</c> without <c>");
	assert_mistake(c, 2, "<f> is not closed");
	assert_mistake(c, 9, "<e> is not closed");
	assert_int_equal(c->nmistakes, 8);
	(void)pmta_config_free(c);
}

static void test_too_many_blocks_in_blocks(void **state)
{
	(void)state;
	char config[4 * (PMTA_BLOCKS_MAX + 2) + 1] = "";
	for (size_t i = 0; i < PMTA_BLOCKS_MAX + 1; i++)
		memcpy(config + 4 * i, "<a>\n", 5);
	struct pmta_config *c = read_text(config);
	assert_mistake(c, PMTA_BLOCKS_MAX + 1, "too many other blocks");
	(void)pmta_config_free(c);
}

static void test_unreadable_files_are_reported(void **state)
{
	(void)state;
	struct pmta_config *c = NULL;
	struct err err = {0};
	assert_int_equal(pmta_config_read(&c, "/dev/zero", NULL, &err), -EINVAL);
	assert_int_equal(pmta_config_read(&c, "/", NULL, &err), -EISDIR);
	assert_int_equal(pmta_config_read(&c, "/no/such", NULL, &err), -ENOENT);
	assert_string_equal(err.text, "read \"/no/such\": No such file or directory");
	assert_null(c);
}

static void test_words_of_a_list(void **state)
{
	(void)state;
	const char *p = " b,  rb,,x\ty ";
	static const char *const want[] = {"b", "rb", "x", "y"};
	struct slice word;
	for (size_t i = 0; i < 4; i++) {
		assert_true(pmta_word(&p, &word));
		assert_true(slice_is(word, want[i]));
	}
	assert_false(pmta_word(&p, &word));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_directives_blocks_and_comments),
	        cmocka_unit_test(test_blocks_in_blocks_and_the_last_one_counts),
	        cmocka_unit_test(test_includes_are_read_in_place_of_their_line),
	        cmocka_unit_test(test_a_pattern_includes_files_inside_a_block),
	        cmocka_unit_test(test_a_folder_that_cannot_be_listed_is_not_an_empty_one),
	        cmocka_unit_test(test_include_loops_end_and_are_reported),
	        cmocka_unit_test(test_depth_and_number_of_files_are_bounded),
	        cmocka_unit_test(test_mistakes_have_their_lines),
	        cmocka_unit_test(test_too_many_blocks_in_blocks),
	        cmocka_unit_test(test_unreadable_files_are_reported),
	        cmocka_unit_test(test_words_of_a_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
