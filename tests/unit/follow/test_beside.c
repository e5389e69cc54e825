/*
 * test_beside.c - beside.h: which names lie beside the files of an acct-file, by kind; which of
 * them a folder has; and the line that makes each readable.
 */
#include "tests/unit/temp.h"

#include <dirent.h>
#include <dlfcn.h>

#include "follow/folder.h"

#define DAY "b-2026-11-21-0001"

static const struct {
	const char *acct, *name;
	mode_t type;
	enum beside_kind kind;
} names[] = {
        {"/x/b.csv", DAY ".csv", S_IFREG, BESIDE_NONE},
        {"/x/b.csv", DAY ".csv.gz", S_IFREG, BESIDE_NONE},
        {"/x/b.csv", DAY ".csv.xz", S_IFREG, BESIDE_XZ},
        {"/x/b.csv", DAY ".csv.lzma", S_IFREG, BESIDE_XZ},
        {"/x/b.csv", DAY ".csv.bz2", S_IFREG, BESIDE_BZIP2},
        {"/x/b.csv", DAY ".csv.zst", S_IFREG, BESIDE_ZSTD},
        {"/x/b.csv", DAY ".csv.zip", S_IFREG, BESIDE_ZIP},
        {"/x/b.csv", DAY ".csv.tar.gz", S_IFREG, BESIDE_TAR},
        {"/x/b.csv", DAY ".csv.tgz", S_IFREG, BESIDE_TAR},
        {"/x/b.csv", DAY ".csv.7z", S_IFREG, BESIDE_PACKED},
        {"/x/b.csv", DAY ".csv.done", S_IFREG, BESIDE_RENAMED},
        {"/x/b.csv", DAY ".csv.done.xz", S_IFREG, BESIDE_XZ},
        {"/x/b.csv", DAY ".csv.1", S_IFREG, BESIDE_RENAMED},
        {"/x/b.csv", DAY ".csv-20261122", S_IFREG, BESIDE_RENAMED},
        {"/x/b.csv", DAY ".csv.1.gz", S_IFREG, BESIDE_RENAMED},
        {"/x/b.csv", DAY ".csv~", S_IFREG, BESIDE_RENAMED},
        {"/x/b.csv", DAY ".csv.XZ", S_IFREG, BESIDE_RENAMED},
        {"/x/b.csv", "b.csv.zst", S_IFREG, BESIDE_ZSTD},
        {"/x/b.csv", "b.csv.old", S_IFREG, BESIDE_RENAMED},
        {"/x/b.csv", DAY ".xz", S_IFREG, BESIDE_XZ},
        {"/x/b.csv", DAY ".tar.bz2", S_IFREG, BESIDE_TAR},
        {"/x/b.csv", "b-2026-11.tar.gz", S_IFREG, BESIDE_TAR},
        {"/x/b.csv", "b_202611.csv.zip", S_IFREG, BESIDE_ZIP},
        {"/x/b.csv", "b-2026-11-01_2026-11-30.tar.xz", S_IFREG, BESIDE_TAR},
        {"/x/b.csv", "b-2026-11.csv", S_IFREG, BESIDE_RENAMED},
        {"/x/b.csv", "b.tar", S_IFREG, BESIDE_TAR},
        /* incomplete, without rows, of another template or program */
        {"/x/b.csv", DAY ".csv.tmp", S_IFREG, BESIDE_NONE},
        {"/x/b.csv", DAY ".csv.sha256", S_IFREG, BESIDE_NONE},
        {"/x/b.csv", "b-rb-2026-11-21-0001.csv.xz", S_IFREG, BESIDE_NONE},
        {"/x/b.csv", "b-rb-2026-11.tar.gz", S_IFREG, BESIDE_NONE},
        {"/x/b.csv", "b2.csv", S_IFREG, BESIDE_NONE},
        {"/x/b.csv", "b2.csv.xz", S_IFREG, BESIDE_NONE},
        {"/x/b.csv", "b-.csv", S_IFREG, BESIDE_NONE},
        {"/x/b.csv", "b.csvx", S_IFREG, BESIDE_NONE},
        {"/x/b.csv", "b", S_IFREG, BESIDE_NONE},
        {"/x/b.csv", "log", S_IFREG, BESIDE_NONE},
        {"/x/b.csv", "", S_IFREG, BESIDE_NONE},
        /* by type */
        {"/x/b.csv", DAY ".csv", S_IFLNK, BESIDE_LINK},
        {"/x/b.csv", "b.csv", S_IFLNK, BESIDE_LINK},
        {"/x/b.csv", DAY ".csv.xz", S_IFLNK, BESIDE_LINK},
        {"/x/b.csv", "log", S_IFLNK, BESIDE_NONE},
        {"/x/b.csv", DAY ".csv.xz", S_IFIFO, BESIDE_NONE},
        {"/x/b.csv", DAY ".csv", S_IFDIR, BESIDE_NONE},
        {"/x/b.csv", "2026-11", S_IFDIR, BESIDE_FOLDER},
        {"/x/b.csv", "202611", S_IFDIR, BESIDE_FOLDER},
        {"/x/b.csv", "2026", S_IFDIR, BESIDE_FOLDER},
        {"/x/b.csv", "2026-11-21", S_IFDIR, BESIDE_FOLDER},
        {"/x/b.csv", "11", S_IFDIR, BESIDE_NONE},
        {"/x/b.csv", "archive", S_IFDIR, BESIDE_NONE},
        {"/x/b.csv", "2026-old", S_IFDIR, BESIDE_NONE},
        {"/x/b.csv", "2026-11", S_IFREG, BESIDE_NONE},
        /* without an extension */
        {"/x/b", DAY ".xz", S_IFREG, BESIDE_XZ},
        {"/x/b", DAY ".done", S_IFREG, BESIDE_RENAMED},
        {"/x/b", DAY ".2", S_IFREG, BESIDE_RENAMED},
        {"/x/b", "b.zst", S_IFREG, BESIDE_ZSTD},
        {"/x/b", "b-2026-11.tar.gz", S_IFREG, BESIDE_TAR},
        {"/x/b", DAY ".csv", S_IFREG, BESIDE_NONE},
        {"/x/b", DAY ".csv.xz", S_IFREG, BESIDE_NONE},
        {"/x/b", "b.csv", S_IFREG, BESIDE_NONE},
};

static void test_what_lies_beside_by_name_and_type(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct acct_template t = acct_template(names[i].acct);
		enum beside_kind kind = beside_kind(&t, names[i].name, names[i].type);
		if (kind != names[i].kind)
			fail_msg("%s \"%s\": %d, not %d", names[i].acct, names[i].name, (int)kind,
			         (int)names[i].kind);
	}
}

/* ---- a folder of a month with very many files of others ---- */

static bool endless;
static int foreign; /* entries of it that were read */

struct dirent *readdir(DIR *d)
{
	static __typeof__(&readdir) libc;
	static struct dirent other = {.d_name = "other", .d_type = DT_REG};
	static DIR *outer;
	if (!libc)
		*(void **)&libc = dlsym(RTLD_NEXT, "readdir");
	struct dirent *e = libc(d);
	if (!endless)
		outer = NULL;
	else if (!outer)
		outer = d;
	return !e && endless && d != outer && foreign++ < 100000 ? &other : e;
}

/* ---- */

static int ignore(const struct folder_file *f, void *arg)
{
	(void)f;
	(void)arg;
	return 0;
}

static struct beside found[BESIDE_KINDS];

static void look(void)
{
	const struct acct_template t = acct_template("/x/b.csv");
	int error;
	memset(found, 0, sizeof(found));
	assert_int_equal(folder_each_beside(temp_path("d"), &t, ignore, NULL, found, &error),
	                 FOLDER_READ);
}

static int setup(void **state)
{
	return temp_setup(state) < 0 || mkdir(temp_path("d"), 0700) < 0 ? -1 : 0;
}

static void expect(enum beside_kind kind, size_t n, const char *name)
{
	assert_int_equal(found[kind].n, n);
	assert_string_equal(found[kind].name, name);
}

static void test_a_folder_has_them_by_number_and_first_name(void **state)
{
	(void)state;
	temp_append("d/" DAY ".csv.xz", "x");
	temp_append("d/b-2026-11-20-0000.csv.xz", "x");
	temp_append("d/" DAY ".csv.done", "x");
	assert_int_equal(symlink("/nowhere", temp_path("d/b.csv")), 0);
	look();
	expect(BESIDE_XZ, 2, "b-2026-11-20-0000.csv.xz");
	expect(BESIDE_RENAMED, 1, DAY ".csv.done");
	expect(BESIDE_LINK, 1, "b.csv");
}

static void test_a_packed_file_beside_its_plain_one_does_not_count(void **state)
{
	(void)state;
	temp_append("d/" DAY ".csv", "x");
	temp_append("d/" DAY ".csv.xz", "x");
	temp_append("d/" DAY ".csv.1", "x");
	look();
	expect(BESIDE_XZ, 0, "");
	expect(BESIDE_RENAMED, 1, DAY ".csv.1");
}

static void test_a_folder_of_a_month_counts_if_it_has_such_files(void **state)
{
	(void)state;
	static const char *const folders[] = {"d/2026-09", "d/2026-10", "d/2026", "d/2026/08",
	                                      "d/other"};
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		assert_int_equal(mkdir(temp_path(folders[i]), 0700), 0);
	temp_append("d/2026-09/c.csv", "x");
	temp_append("d/other/" DAY ".csv", "x");
	look();
	expect(BESIDE_FOLDER, 0, "");
	temp_append("d/2026-10/" DAY ".csv.gz", "x");
	look();
	expect(BESIDE_FOLDER, 1, "2026-10");
	temp_append("d/2026/08/" DAY ".csv.xz", "x");
	look();
	expect(BESIDE_FOLDER, 2, "2026-10");
	assert_int_equal(unlink(temp_path("d/2026-10/" DAY ".csv.gz")), 0);
	look();
	expect(BESIDE_FOLDER, 1, "2026/08");
}

static void test_folders_of_others_end_the_look_and_not_the_walk(void **state)
{
	(void)state;
	assert_int_equal(mkdir(temp_path("d/2026-09"), 0700), 0);
	temp_append("d/" DAY ".csv.xz", "x");
	endless = true;
	look();
	endless = false;
	assert_in_range(foreign, 9000, 10000);
	expect(BESIDE_FOLDER, 0, "");
	expect(BESIDE_XZ, 1, DAY ".csv.xz");
}

static void expect_fix(enum beside_kind kind, const char *folder, const char *name,
                       const char *want)
{
	const struct acct_template t = acct_template("/x/b.csv");
	struct fix fix;
	assert_string_equal(beside_fix(&fix, &t, kind, folder, name), want);
}

static void test_the_line_that_makes_each_kind_readable(void **state)
{
	(void)state;
	expect_fix(BESIDE_XZ, "/l", DAY ".csv.xz", "xz -d /l/" DAY ".csv.xz");
	expect_fix(BESIDE_XZ, "/a b", DAY ".csv.xz", "xz -d '/a b/" DAY ".csv.xz'");
	expect_fix(BESIDE_BZIP2, "/l", DAY ".csv.bz2", "bzip2 -d /l/" DAY ".csv.bz2");
	expect_fix(BESIDE_ZSTD, "/l", DAY ".csv.zst", "zstd -d /l/" DAY ".csv.zst");
	expect_fix(BESIDE_ZIP, "/l", "b.zip", "unzip -n /l/b.zip -d /l");
	expect_fix(BESIDE_TAR, "/l", "b-2026-11.tar.gz", "tar -xkf /l/b-2026-11.tar.gz -C /l");
	expect_fix(BESIDE_FOLDER, "/l", "2026/11", "mv -n /l/2026/11/b* /l/");
	expect_fix(BESIDE_RENAMED, "/l", DAY ".csv.done",
	           "mv -n /l/" DAY ".csv.done /l/" DAY ".csv");
	expect_fix(BESIDE_RENAMED, "/l", DAY ".csv.1.gz",
	           "mv -n /l/" DAY ".csv.1.gz /l/" DAY ".csv.gz");
	expect_fix(BESIDE_RENAMED, "/l", "b-2026-11.csv",
	           "mv -n /l/b-2026-11.csv /l/b-YYYY-MM-DD-NNNN.csv");
	expect_fix(BESIDE_NONE, "/l", "b.csv", "");
}

static void test_a_name_that_is_taken_is_not_the_target(void **state)
{
	(void)state;
	char want[256];
	const char *d = temp_path("d");
	temp_append("d/b.csv", "x");
	(void)snprintf(want, sizeof(want), "mv -n %s/b.csv.1 %s/b-YYYY-MM-DD-NNNN.csv", d, d);
	expect_fix(BESIDE_RENAMED, d, "b.csv.1", want);
}

static void test_one_line_for_one_and_for_several(void **state)
{
	(void)state;
	char line[BESIDE_LINE];
	struct beside b = {.n = 1, .name = "b.csv.xz"};
	assert_string_equal(beside_line(&b, BESIDE_XZ, "/l", line),
	                    "\"b.csv.xz\" in \"/l\" is not read: packed with xz");
	b.n = 3;
	assert_string_equal(beside_line(&b, BESIDE_XZ, "/l", line),
	                    "\"b.csv.xz\" and 2 more in \"/l\" are not read: packed with xz");
}

static void test_what_became_of_a_deleted_file(void **state)
{
	(void)state;
	const struct acct_template t = acct_template("/x/b.csv");
	static struct besides b;
	besides_find_lost(&b, &t, BESIDE_MOVED, temp_path("d"), DAY ".csv");
	assert_string_equal(b.lost.name, "");
	temp_append("d/" DAY ".csv.sha256", "x");
	temp_append("d/" DAY ".csv.bz2", "x");
	besides_find_lost(&b, &t, BESIDE_MOVED, temp_path("d"), DAY ".csv");
	assert_string_equal(b.lost.name, DAY ".csv.bz2");
	assert_string_equal(b.lost.plain, DAY ".csv");
	assert_int_equal(b.lost.kind, BESIDE_BZIP2);
	assert_int_equal(b.lost.folder, BESIDE_MOVED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_what_lies_beside_by_name_and_type),
	        cmocka_unit_test_setup_teardown(test_a_folder_has_them_by_number_and_first_name,
	                                        setup, temp_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_a_packed_file_beside_its_plain_one_does_not_count, setup,
	                temp_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_a_folder_of_a_month_counts_if_it_has_such_files, setup, temp_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_folders_of_others_end_the_look_and_not_the_walk, setup, temp_teardown),
	        cmocka_unit_test(test_the_line_that_makes_each_kind_readable),
	        cmocka_unit_test_setup_teardown(test_a_name_that_is_taken_is_not_the_target, setup,
	                                        temp_teardown),
	        cmocka_unit_test(test_one_line_for_one_and_for_several),
	        cmocka_unit_test_setup_teardown(test_what_became_of_a_deleted_file, setup,
	                                        temp_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
