/*
 * test_permission.c - permission.h: the advice fits what forbids the access, or names no command
 * that would change nothing.
 */
#include "tests/unit/temp.h"

#include "base/permission.h"
#include "base/shell.h"

static struct permission_facts facts(mode_t mode)
{
	return (struct permission_facts){.path = "/log/b.csv",
	                                 .mode = mode,
	                                 .owner = "pmta",
	                                 .group = "pmta",
	                                 .user = "ship",
	                                 .own = "ship"};
}

static void expect(const struct permission_facts *f, const char *why, const char *how)
{
	char got_why[512], got_how[512];
	permission_explain(f, got_why, sizeof(got_why), got_how, sizeof(got_how));
	assert_string_equal(got_why, why);
	assert_string_equal(got_how, how);
}

static void test_a_file_of_another_group(void **state)
{
	(void)state;
	struct permission_facts f = facts(0640);
	expect(&f, "it belongs to pmta:pmta, mode 0640",
	       "usermod -a -G pmta ship, and restart the service");
	f.mode = 0600;
	expect(&f, "it belongs to pmta:pmta, mode 0600",
	       "chmod g+r /log/b.csv && usermod -a -G pmta ship, and restart the service");
	f.temporary = true;
	f.mode = 0640;
	expect(&f, "it belongs to pmta:pmta, mode 0640",
	       "systemctl edit the service, add SupplementaryGroups=pmta below [Service], and "
	       "restart it");
	f.listed = true;
	expect(&f, "it belongs to pmta:pmta, mode 0640",
	       "restart the service: ship is in the group pmta only since it started");
}

static void test_groups_that_nobody_should_join(void **state)
{
	(void)state;
	struct permission_facts f = facts(0640);
	f.privileged = true;
	expect(&f, "it belongs to pmta:pmta, mode 0640",
	       "chmod g+r /log/b.csv && chgrp ship /log/b.csv");
	f.folder = f.way = true;
	f.path = "/log";
	expect(&f, "for the folder /log: it belongs to pmta:pmta, mode 0640",
	       "chmod g+rx /log && chgrp ship /log");
}

/* The kernel looks at the bits of one class only: the owner's, else the group's. */
static void test_the_class_that_applies(void **state)
{
	(void)state;
	struct permission_facts f = facts(0070);
	f.mine = f.member = true;
	expect(&f, "it belongs to pmta:pmta, mode 0070", "chmod u+r /log/b.csv");
	f.mine = false;
	f.mode = 0604;
	expect(&f, "it belongs to pmta:pmta, mode 0604", "chmod g+r /log/b.csv");
}

/* PrivateUsers= shows all owners but root and the service's own user as nobody. */
static void test_an_owner_that_a_user_namespace_hides(void **state)
{
	(void)state;
	struct permission_facts f = facts(0640);
	f.owner = "nobody";
	f.group = "nogroup";
	f.hidden = f.hidden_owner = f.privileged = f.listed = true;
	expect(&f,
	       "it belongs to (an owner not visible here):(a group not visible here), mode 0640",
	       "namei -l /log/b.csv, outside the user namespace of the service (PrivateUsers=, a "
	       "container), names the group to let ship into");
	f.hidden = false;
	f.group = "pmta";
	f.privileged = f.listed = false;
	expect(&f, "it belongs to (an owner not visible here):pmta, mode 0640",
	       "usermod -a -G pmta ship, and restart the service");
}

/* An access list, SELinux, FUSE: chmod and groups would change nothing. */
static void test_the_mode_allows_it(void **state)
{
	(void)state;
	static const char how[] = "look for what else forbids it: getfacl /log/b.csv; SELinux or "
	                          "AppArmor (journalctl -k -g denied); the file server or FUSE";
	struct permission_facts f = facts(0644);
	expect(&f, "it belongs to pmta:pmta, mode 0644, which allows it to ship", how);
	f.mode = 0640;
	f.member = true;
	expect(&f, "it belongs to pmta:pmta, mode 0640, which allows it to ship", how);
	f.mode = 0400;
	f.mine = true;
	expect(&f, "it belongs to pmta:pmta, mode 0400, which allows it to ship", how);
	f = facts(0711);
	f.folder = f.way = true; /* x is enough on the way to a file ... */
	expect(&f,
	       "for the folder /log/b.csv: it belongs to pmta:pmta, mode 0711, which allows it "
	       "to ship",
	       how);
	f.way = false; /* ... and not to read the folder */
	expect(&f, "for the folder /log/b.csv: it belongs to pmta:pmta, mode 0711",
	       "chmod g+rx /log/b.csv && usermod -a -G pmta ship, and restart the service");
}

static void test_root_is_refused(void **state)
{
	(void)state;
	struct permission_facts f = facts(0640);
	f.root = true;
	f.user = "root";
	expect(&f, "it belongs to pmta:pmta, mode 0640, and even root may not override that here",
	       "look where the file system comes from (an export with root_squash, FUSE without "
	       "allow_root, a service without capabilities): namei -l /log/b.csv");
	f.mine = true;
	f.mode = 0;
	expect(&f, "it belongs to pmta:pmta, mode 0000, and even root may not override that here",
	       "chmod u+r /log/b.csv");
}

static void test_a_path_can_be_pasted(void **state)
{
	(void)state;
	struct permission_facts f = facts(0600);
	f.member = true;
	f.path = "/log/it's $HOME";
	expect(&f, "it belongs to pmta:pmta, mode 0600", "chmod g+r '/log/it'\\''s $HOME'");
	char *plain = shell_quoted("/a-b_c.d=e"), *empty = shell_quoted("");
	assert_string_equal(plain, "/a-b_c.d=e");
	assert_string_equal(empty, "''");
	free(plain);
	free(empty);
}

static void test_no_command_names_a_group_of_nobody_or_root(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 1U << 9; bits++) {
		char why[512], how[512];
		struct permission_facts f = facts((bits & 1 ? 0040 : 0) | (bits & 2 ? 0400 : 0));
		f.group = "GROUP";
		f.folder = bits & 4;
		f.mine = bits & 8;
		f.member = bits & 16;
		f.listed = bits & 32;
		f.hidden = bits & 64;
		f.privileged = bits & 128;
		f.temporary = bits & 256;
		permission_explain(&f, why, sizeof(why), how, sizeof(how));
		assert_true(how[0] && why[0]);
		if (f.hidden || f.privileged)
			assert_null(strstr(how, "GROUP"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_a_file_of_another_group),
	        cmocka_unit_test(test_groups_that_nobody_should_join),
	        cmocka_unit_test(test_the_class_that_applies),
	        cmocka_unit_test(test_an_owner_that_a_user_namespace_hides),
	        cmocka_unit_test(test_the_mode_allows_it),
	        cmocka_unit_test(test_root_is_refused),
	        cmocka_unit_test(test_a_path_can_be_pasted),
	        cmocka_unit_test(test_no_command_names_a_group_of_nobody_or_root),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
