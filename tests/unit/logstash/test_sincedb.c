#include "tests/unit/temp.h"

#include "logstash/sincedb.h"

static void test_both_forms_are_read(UNUSED void **state)
{
	struct sincedb db = {0};
	struct err err = {0};
	temp_rewrite("a", "12 0 64769 345\r\n\n  13 8 1 0 1795255200.123 /var/log/two words.csv\n"
	                  "14 8 1 7 1795255200.123\n15 8 1 7  1795255200  /no/newline");
	assert_int_equal(sincedb_load(&db, temp_path("a"), &err), 0);
	assert_int_equal(db.n, 4);
	assert_int_equal(db.entries[0].ino, 12);
	assert_int_equal(db.entries[0].minor, 64769);
	assert_int_equal(db.entries[0].offset, 345);
	assert_string_equal(db.entries[0].path, "");
	assert_string_equal(db.entries[1].path, "/var/log/two words.csv");
	assert_string_equal(sincedb_name(&db.entries[1]), "two words.csv");
	assert_string_equal(db.entries[2].path, "");
	assert_string_equal(db.entries[3].path, "/no/newline");
	sincedb_free(&db);
	assert_int_equal(db.n, 0);
}

static void test_the_last_line_about_an_inode_counts(UNUSED void **state)
{
	struct sincedb db = {0};
	struct err err = {0};
	temp_rewrite("a", "12 0 1 5 1.0 /a\n12 0 2 6 1.0 /b\n");
	temp_rewrite("b", "12 0 1 9 1.0 /c\n");
	assert_int_equal(sincedb_load(&db, temp_path("a"), &err), 0);
	assert_int_equal(sincedb_load(&db, temp_path("b"), &err), 0);
	assert_int_equal(db.n, 2);
	assert_int_equal(db.entries[0].offset, 9);
	assert_string_equal(db.entries[0].path, "/c");
	sincedb_free(&db);
}

static void test_devices_of_java_and_of_the_kernel(UNUSED void **state)
{
	const struct sincedb_entry java = {.major = 0, .minor = 64769};
	const struct sincedb_entry kernel = {.major = 253, .minor = 1};
	assert_true(sincedb_on_device(&java, 64769)); /* 253:1 */
	assert_true(sincedb_on_device(&kernel, 64769));
	assert_false(sincedb_on_device(&java, 64768));
	assert_false(sincedb_on_device(&kernel, 64768));
}

static void test_a_line_that_was_written_is_read(UNUSED void **state)
{
	char line[200], small[20];
	struct sincedb db = {0};
	struct err err = {0};
	assert_int_equal(sincedb_line(line, sizeof(line), 42, 64769, 1234, 1795255200007, "/a b"),
	                 0);
	assert_string_equal(line, "42 0 64769 1234 1795255200.007 /a b");
	assert_int_equal(sincedb_line(small, sizeof(small), 42, 64769, 1234, 1795255200007, "/a"),
	                 -ENAMETOOLONG);
	temp_rewrite("a", line);
	assert_int_equal(sincedb_load(&db, temp_path("a"), &err), 0);
	assert_true(sincedb_on_device(&db.entries[0], 64769));
	assert_string_equal(db.entries[0].path, "/a b");
	sincedb_free(&db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_both_forms_are_read),
	        cmocka_unit_test(test_the_last_line_about_an_inode_counts),
	        cmocka_unit_test(test_devices_of_java_and_of_the_kernel),
	        cmocka_unit_test(test_a_line_that_was_written_is_read),
	};
	return cmocka_run_group_tests(tests, temp_setup, temp_teardown);
}
