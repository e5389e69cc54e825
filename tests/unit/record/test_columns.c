/*
 * test_columns.c - columns.h: the names in a header, and the union when there is no header.
 */
#include "tests/unit/temp.h"

#include "base/utf8.h"
#include "record/columns.h"

static struct columns *columns;

static int teardown(void **state)
{
	(void)state;
	columns = columns_free(columns);
	return 0;
}

static void expect_names(const char *want)
{
	static char got[1 << 16];
	size_t n = 0;
	got[0] = '\0';
	for (size_t i = 0; i < columns->n; i++)
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%s", i ? "," : "",
		                      columns->names[i]);
	assert_string_equal(got, want);
}

static void expect(const char *header, const char *type_field, const char *want)
{
	struct slice cells[64];
	size_t n = 0;
	for (const char *p = header;; p += cells[n++].len + 1) {
		cells[n] = (struct slice){p, strcspn(p, ",")};
		if (p[cells[n].len] == '\0')
			break;
	}
	columns = columns_free(columns);
	assert_int_equal(columns_new(&columns, cells, n + 1, type_field), 0);
	expect_names(want);
}

static void test_names_are_taken_unchanged(void **state)
{
	(void)state;
	expect("type,timeQueued,header_x-Own", "logType", "logType,timeQueued,header_x-Own");
	expect("type", "type", "type");
	assert_int_equal(columns->n, 1);
}

static void test_known_names_get_the_spelling_that_receivers_expect(void **state)
{
	(void)state;
	expect("type,DsnStatus,RCPT,header_x-fblid,arf_original-rcpt-to", "logType",
	       "logType,dsnStatus,rcpt,header_X-FBLId,arf_Original-Rcpt-To");
	assert_int_equal(columns->status, 1);
	assert_int_equal(columns->rcpt, 2);
	assert_int_equal(columns->arf_rcpt, 4);
	expect("type, dsnstatus ,\tx", "type", "type,dsnStatus,x");
	expect("type,dsnstatus,dsnStatus", "type", "type,dsnStatus,dsnStatus_2");
	expect("type,LogType,EVENTID", "logType", "logType,LogType_2,EVENTID_2");
}

static void test_a_repeated_name_gets_a_number(void **state)
{
	(void)state;
	expect("type,a,b,a,a,b", "type", "type,a,b,a_2,a_3,b_2");
	expect("type,a,a_2,a", "type", "type,a,a_2,a_3");
	expect("type,a,a,a_2", "type", "type,a,a_2,a_2_2");
	expect("type,A,a", "type", "type,A,a_2");
	expect("type,,", "type", "type,,_2");
}

static void test_names_that_go_over_the_wire_are_taken(void **state)
{
	(void)state;
	expect("type,logType,type", "logType", "logType,logType_2,type");
	expect("type,eventId,type", "type", "type,eventId_2,type_2");
}

static void test_every_name_is_valid_UTF_8(void **state)
{
	(void)state;
	expect("type,a\xff,a\xfe", "type", "type,a\xef\xbf\xbd,a\xef\xbf\xbd_2");
}

static void test_a_full_header_of_one_name(void **state)
{
	(void)state;
	static struct slice cells[COLUMNS_MAX + 1];
	for (size_t i = 0; i <= COLUMNS_MAX; i++)
		cells[i] = slice_of("\xff\xff\xff");
	assert_int_equal(columns_new(&columns, cells, COLUMNS_MAX, "type"), 0);
	for (size_t i = 0; i < COLUMNS_MAX; i++) {
		assert_int_equal(columns_find(columns, columns->names[i]), i);
		assert_true(utf8_valid(columns->names[i], strlen(columns->names[i])));
	}
	struct columns *none = NULL;
	assert_int_equal(columns_new(&none, cells, COLUMNS_MAX + 1, "type"), -E2BIG);
	assert_int_equal(columns_new(&none, cells, 0, "type"), -EINVAL);
	assert_null(none);
}

static void test_find_and_the_columns_for_addresses(void **state)
{
	(void)state;
	expect("type,rcpt,header_To", "type", "type,rcpt,header_To");
	assert_int_equal(columns_find(columns, "rcpt"), 1);
	assert_int_equal(columns_find(columns, "Rcpt"), 3);
	assert_int_equal(columns->rcpt, 1);
	assert_int_equal(columns->to, 2);
	assert_int_equal(columns->orig, 3);
	assert_int_equal(columns->return_path, 3);
}

static int make_union(char **lines, size_t n)
{
	const struct strlist list = {lines, n};
	columns = columns_free(columns);
	return columns_union(&columns, &list, "type");
}

static void test_union_is_the_first_types_fields_and_what_others_add(void **state)
{
	(void)state;
	char *octeth[] = {
	        "b timeQueued,timeLogged,orig,rcpt,bounceCat,dsnStatus,dsnAction,dsnDiag,dsnMta,"
	        "jobId,vmta,header_X-FBLId",
	        "rb "
	        "timeLogged,orig,rcpt,bounceCat,dsnStatus,dsnAction,dsnDiag,dsnMta,header_X-FBLId"};
	assert_int_equal(make_union(octeth, 2), 0);
	expect_names("type,timeQueued,timeLogged,orig,rcpt,bounceCat,dsnStatus,dsnAction,dsnDiag,"
	             "dsnMta,jobId,vmta,header_X-FBLId");
	char *added[] = {"b a,b", "rb c,a,d"};
	assert_int_equal(make_union(added, 2), 0);
	expect_names("type,a,b,c,d");
}

static void test_union_takes_blanks_and_refuses_nonsense(void **state)
{
	(void)state;
	char *blanks[] = {"b  a , b,\tc ,, d"};
	assert_int_equal(make_union(blanks, 1), 0);
	expect_names("type,a,b,c,d");
	char *bad[] = {"b"};
	assert_int_equal(make_union(bad, 1), -EINVAL);
	char *worse[] = {""};
	assert_int_equal(make_union(worse, 1), -EINVAL);
	assert_int_equal(make_union(NULL, 0), 0);
	expect_names("type");
}

static void test_union_of_too_many(void **state)
{
	(void)state;
	static char line[8 * COLUMNS_MAX] = "b ";
	for (int i = 1; i < COLUMNS_MAX; i++)
		sprintf(line + strlen(line), "f%d,", i);
	char *lines[] = {line, "rb f1,f2"};
	assert_int_equal(make_union(lines, 2), 0);
	assert_int_equal(columns->n, COLUMNS_MAX);
	lines[1] = "rb more";
	assert_int_equal(make_union(lines, 2), -E2BIG);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_names_are_taken_unchanged),
	        TEST(test_known_names_get_the_spelling_that_receivers_expect),
	        TEST(test_a_repeated_name_gets_a_number),
	        TEST(test_names_that_go_over_the_wire_are_taken),
	        TEST(test_every_name_is_valid_UTF_8),
	        TEST(test_a_full_header_of_one_name),
	        TEST(test_find_and_the_columns_for_addresses),
	        TEST(test_union_is_the_first_types_fields_and_what_others_add),
	        TEST(test_union_takes_blanks_and_refuses_nonsense),
	        TEST(test_union_of_too_many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
