/* folder.h: which entries of a folder are accounting files, and unreadable entries. */
#include "tests/unit/temp.h"

#include <dirent.h>
#include <dlfcn.h>

#include "base/gz.h"
#include "follow/folder.h"

#define DAY "b-2026-11-21-"

static struct seen {
	char names[512]; /* sorted, each followed by a blank */
	char broken[64];
	int error, rc;
	unsigned stop_after;
} seen;

/* ---- a disk with read errors ---- */

static const char *bad_name;
static bool breaks_off;

int fstatat(int dir, const char *name, struct stat *st, int flags)
{
	static __typeof__(&fstatat) libc;
	if (!libc)
		*(void **)&libc = dlsym(RTLD_NEXT, "fstatat");
	if (bad_name && strcmp(name, bad_name) == 0) {
		errno = EIO;
		return -1;
	}
	return libc(dir, name, st, flags);
}

struct dirent *readdir(DIR *d)
{
	static __typeof__(&readdir) libc;
	if (!libc)
		*(void **)&libc = dlsym(RTLD_NEXT, "readdir");
	struct dirent *e = libc(d);
	if (!e && breaks_off)
		errno = EIO;
	return e;
}

/* ---- */

static int on_file(const struct folder_file *f, void *arg)
{
	(void)arg;
	char all[sizeof(seen.names)], *rest = NULL;
	if (f->error != 0) {
		(void)snprintf(seen.broken, sizeof(seen.broken), "%s", f->name);
		assert_int_equal(f->error, EIO);
		return 0;
	}
	assert_true(S_ISREG(f->st.st_mode));
	if (seen.stop_after > 0 && --seen.stop_after == 0)
		return -ECANCELED;
	bool put = false;
	(void)snprintf(all, sizeof(all), "%s", seen.names);
	seen.names[0] = '\0';
	for (char *p = strtok_r(all, " ", &rest); p || !put;) {
		bool ours = !put && (!p || strcmp(f->name, p) < 0);
		size_t n = strlen(seen.names);
		(void)snprintf(seen.names + n, sizeof(seen.names) - n, "%s ", ours ? f->name : p);
		put = put || ours;
		if (!ours)
			p = strtok_r(NULL, " ", &rest);
	}
	return 0;
}

static void look(const char *folder)
{
	const struct acct_template t = acct_template("/x/b.csv");
	seen.names[0] = seen.broken[0] = '\0';
	seen.rc = folder_each(temp_path(folder), &t, on_file, NULL, &seen.error);
}

static int setup(void **state)
{
	seen = (struct seen){0};
	bad_name = NULL;
	breaks_off = false;
	return temp_setup(state) < 0 || mkdir(temp_path("d"), 0700) < 0 ? -1 : 0;
}

static void test_files_are_regular_and_named_by_the_template(void **state)
{
	(void)state;
	temp_append("d/b.csv", "");
	temp_append("d/" DAY "0001.csv", "1");
	temp_append("d/" DAY "0002.csv.gz", "2");
	temp_append("d/c-2026-11-21-0001.csv", "");
	temp_append("d/" DAY "0003.CSV", "");
	temp_append("d/" DAY "0004.csv.GZ", "");
	temp_append("d/" DAY "0005.csv.bz2", "");
	assert_int_equal(mkdir(temp_path("d/" DAY "0006.csv"), 0700), 0);
	assert_int_equal(symlink(DAY "0001.csv", temp_path("d/" DAY "0007.csv")), 0);
	assert_int_equal(symlink("/nowhere", temp_path("d/" DAY "0008.csv")), 0);
	assert_int_equal(mkfifo(temp_path("d/" DAY "0009.csv"), 0600), 0);
	look("d");
	assert_int_equal(seen.rc, FOLDER_READ);
	assert_int_equal(seen.error, 0);
	assert_string_equal(seen.names, DAY "0001.csv " DAY "0002.csv.gz b.csv ");
}

static void test_a_gz_next_to_its_plain_file_does_not_count(void **state)
{
	(void)state;
	temp_append("d/" DAY "0001.csv", "1");
	temp_append("d/" DAY "0001.csv.gz", "half");
	look("d");
	assert_string_equal(seen.names, DAY "0001.csv ");
	/* Only a regular file with the plain name counts. */
	assert_int_equal(unlink(temp_path("d/" DAY "0001.csv")), 0);
	assert_int_equal(symlink(DAY "0001.csv.gz", temp_path("d/" DAY "0001.csv")), 0);
	look("d");
	assert_string_equal(seen.names, DAY "0001.csv.gz ");
}

/* Puts the first `part` bytes of text, compressed, at NAME.csv.gz. */
static void pack(const char *text, size_t part)
{
	char packed[512];
	size_t len = sizeof(packed);
	assert_int_equal(gz_compress(text, strlen(text), packed, &len), 0);
	temp_put("d/" DAY "0001.csv.gz", O_TRUNC, packed, part < len ? part : len);
}

static void test_a_gz_with_other_rows_than_the_plain_file_counts(void **state)
{
	(void)state;
	static const char *const others[] = {"type,a\nb,7\n", "type,a\nb,1\nb,2\nb,3\n", "b,1\n"};
	temp_append("d/" DAY "0001.csv", "type,a\nb,1\nb,2\n");
	for (size_t i = 0; i < 3; i++) {
		pack(others[i], SIZE_MAX);
		look("d");
		assert_string_equal(seen.names, DAY "0001.csv " DAY "0001.csv.gz ");
	}
	/* gzip is at work, or is done and the plain file is still there, or has grown since. */
	for (size_t part = 0; part < 60; part++) {
		pack("type,a\nb,1\nb,2\n", part);
		look("d");
		assert_string_equal(seen.names, DAY "0001.csv ");
	}
	pack("type,a\nb,1\n", SIZE_MAX);
	look("d");
	assert_string_equal(seen.names, DAY "0001.csv ");
}

static void test_an_unreadable_entry_hides_no_other(void **state)
{
	(void)state;
	temp_append("d/" DAY "0001.csv", "");
	temp_append("d/" DAY "0002.csv", "");
	temp_append("d/" DAY "0003.csv", "");
	bad_name = DAY "0002.csv";
	look("d");
	assert_int_equal(seen.rc, FOLDER_READ);
	assert_string_equal(seen.names, DAY "0001.csv " DAY "0003.csv ");
	assert_string_equal(seen.broken, DAY "0002.csv");
}

static void test_folders_that_cannot_be_read(void **state)
{
	(void)state;
	look("missing");
	assert_int_equal(seen.rc, FOLDER_MISSING);
	assert_int_equal(seen.error, ENOENT);
	temp_append("file", "");
	look("file");
	assert_int_equal(seen.rc, FOLDER_CLOSED);
	assert_int_equal(seen.error, ENOTDIR);
	temp_append("d/" DAY "0001.csv", "");
	breaks_off = true;
	look("d");
	assert_int_equal(seen.rc, FOLDER_BROKEN);
	assert_int_equal(seen.error, EIO);
	assert_string_equal(seen.names, DAY "0001.csv ");
}

static void test_an_error_of_the_caller_ends_it(void **state)
{
	(void)state;
	temp_append("d/" DAY "0001.csv", "");
	temp_append("d/" DAY "0002.csv", "");
	seen.stop_after = 1;
	look("d");
	assert_int_equal(seen.rc, -ECANCELED);
	assert_string_equal(seen.names, "");
}

static void look_for(const char *name, int rc, const char *names)
{
	const struct acct_template t = acct_template("/x/b.csv");
	seen.names[0] = '\0';
	assert_int_equal(folder_one(temp_path("d"), &t, name, on_file, NULL, &seen.error), rc);
	assert_string_equal(seen.names, names);
}

static void test_one_name_of_a_folder(void **state)
{
	(void)state;
	temp_append("d/" DAY "0001.csv", "1");
	temp_append("d/" DAY "0001.csv.gz", "half");
	look_for(DAY "0001.csv", FOLDER_READ, DAY "0001.csv ");
	look_for(DAY "0001.csv.gz", FOLDER_READ, "");
	look_for(DAY "0002.csv", FOLDER_READ, "");
	look_for("other", FOLDER_READ, "");
	assert_int_equal(unlink(temp_path("d/" DAY "0001.csv")), 0);
	look_for(DAY "0001.csv.gz", FOLDER_READ, DAY "0001.csv.gz ");
	assert_int_equal(unlink(temp_path("d/" DAY "0001.csv.gz")), 0);
	assert_int_equal(rmdir(temp_path("d")), 0);
	look_for(DAY "0001.csv", FOLDER_MISSING, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_files_are_regular_and_named_by_the_template),
	        TEST(test_a_gz_next_to_its_plain_file_does_not_count),
	        TEST(test_a_gz_with_other_rows_than_the_plain_file_counts),
	        TEST(test_an_unreadable_entry_hides_no_other),
	        TEST(test_folders_that_cannot_be_read),
	        TEST(test_an_error_of_the_caller_ends_it),
	        TEST(test_one_name_of_a_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
