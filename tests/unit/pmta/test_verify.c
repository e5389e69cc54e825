/*
 * test_verify.c - verify_pmta() on texts: what each directive of an acct-file block is judged as.
 */
#include "tests/unit/pmta/rig.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* More lines of the block, more of the configuration, and a part of the findings; NULL: none. */
struct one {
	const char *inside, *more, *part;
};

static void assert_part(const char *found, const char *part, const char *of)
{
	if (part && !strstr(found, part))
		fail_msg("no '%s' for:\n%s\nbut:\n%s", part, of, found);
	if (!part && *found)
		fail_msg("for:\n%s\n%s", of, found);
}

static void assert_each(const struct one *v, size_t n)
{
	char more[8192], of[8192];
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(more, sizeof(more), "%s%s", v[i].more ? v[i].more : "",
		               RIG_PROCESSOR);
		(void)snprintf(of, sizeof(of), "%s\n%s", v[i].inside, v[i].more ? v[i].more : "");
		assert_part(rig_verify_block(v[i].inside, more), v[i].part, of);
	}
}

static void test_directives_that_are_fine(void **state)
{
	(void)state;
	static const struct one v[] = {
	        {"", NULL, NULL},
	        {"sync yes\ncount-moved-records yes\nuser-string x", NULL, NULL},
	        {"max-size 250M", NULL, NULL},
	        {"max-size 1g", NULL, NULL},
	        {"max-size 1048576", NULL, NULL},
	        {"iso-times yes\nprivacy-policy retain", NULL, NULL},
	        {"map-header-to-field d header_From orig", NULL, NULL},
	        {"records fbl, b, rb,b # a comment", NULL, "f rows are logged"},
	        {"", "smtp-port 25\n<domain a.example>\nmax-smtp-out 1\n</domain>\n", NULL},
	        {"", "<domain a.example>\ndisable-acct-records d,t\n</domain>\n", NULL},
	        {"", "privacy-policy retain\nrun-as-root no\n", NULL},
	};
	assert_each(v, COUNT(v));
}

static void test_directives_that_withhold_or_alter_rows(void **state)
{
	(void)state;
	static const struct one v[] = {
	        {"privacy-policy redact", NULL,
	         "problem config:7: privacy-policy redact alters rcpt"},
	        {"privacy-policy siphash-00ff", NULL, "privacy-policy siphash alters rcpt"},
	        {"", "privacy-policy hmac-sha256\n", "privacy-policy hmac alters rcpt"},
	        {"queue-filter */vmta1", NULL,
	         "warning config:7: queue-filter */vmta1: PowerMTA logs"},
	        {"", "<domain a.example>\ndisable-acct-records d,bounce\n</domain>\n",
	         "disable-acct-records withholds b rows of domain a.example"},
	        {"map-header-to-field b header_From orig", NULL,
	         "problem config:7: map-header-to-field: in b rows, orig holds the header "
	         "header_From"},
	        {"map-header-to-field b header_X-Job jobId", NULL, "warning config:7: map-header"},
	        {"map-header-to-field b header_From", NULL, "has not the form TYPE HEADER FIELD"},
	        {"iso-times no", NULL, "info config:7: iso-times no: times are epoch seconds"},
	        {"max-size 64k", NULL, "PowerMTA wants at least 1M"},
	        {"max-size big", NULL, "warning? config:7: max-size 'big' is not a size"},
	        {"retry-interval 1m", NULL, "retry-interval is for a pipe"},
	};
	assert_each(v, COUNT(v));
}

static void test_directives_that_are_not_known_are_named(void **state)
{
	(void)state;
	static const struct one v[] = {
	        {"odd-thing yes", NULL,
	         "warning? config:7: 'odd-thing' is not known to this check"},
	        {"<inner x>\n</inner>", NULL, "'inner' is not known to this check"},
	        {"http-webhook-new 1", NULL, "'http-webhook-new' is not known to this check"},
	        {"", "acct-odd yes\n", "'acct-odd' is not known to this check"},
	        {"", "http-webhook-url https://x.example/\n",
	         "http-webhook-url outside of an acct-file block is not known"},
	        {"records b, rb, xy", NULL, "record type 'xy' is not known to this check"},
	};
	assert_each(v, COUNT(v));
}

static void test_lists_whose_meaning_is_not_established(void **state)
{
	(void)state;
	static const struct one v[] = {
	        {"records b rb", NULL,
	         "warning? config:6: a list without commas in records: what PowerMTA makes of it "
	         "is "
	         "not established -> records b,rb"},
	        {"records b\nrecords rb", NULL, "warning? config:7: records a second time, after"},
	        {"record-fields b " RIG_B, NULL, "record-fields b a second time, after"},
	        {"record-fields t orig rcpt", NULL, "-> record-fields t orig,rcpt"},
	        {"record-fields t orig, rcpt", NULL, NULL},
	};
	assert_each(v, COUNT(v));
}

static void test_a_webhook_of_powermta_gets_no_advice_to_move_files(void **state)
{
	(void)state;
	const char *found = rig_verify(
	        "source bounces { acct-file = \"/var/log/pmta/bounces.csv\" move-to = \"/m\" "
	        "endpoint = \"octeth\" }\nendpoint octeth { url = \"\" }\n",
	        "<acct-file /var/log/pmta/bounces.csv>\nrecords b\nworld-readable yes\n"
	        "http-webhook-url https://x.example/?key=secret\nhttp-webhook-timeout 1m\n"
	        "move-to /m\n</acct-file>\n" RIG_PROCESSOR);
	assert_part(found, "problem config:4: http-webhook-url: PowerMTA itself delivers", "");
	assert_part(found, "\n    <acct-file /var/log/pmta/shipper-bounces.csv>\n", "");
	assert_part(found, "move-to is not valid in a block with http-webhook-url", "");
	assert_null(strstr(found, "no move-to"));
	assert_null(strstr(found, "secret"));
	assert_null(strstr(found, "timeout"));
}

/* A file that others read keeps its records: the source gets a block of its own, in full. */
static void test_a_file_with_other_rows_is_left_as_it_is(void **state)
{
	(void)state;
	static const char *const blocks[] = {"", "records d,b\n", "records d, b, t\n"};
	char theirs[1024];
	for (size_t i = 0; i < COUNT(blocks); i++) {
		(void)snprintf(theirs, sizeof(theirs),
		               "<acct-file /var/log/pmta/acct.csv>\n%s"
		               "world-readable yes\n</acct-file>\n" RIG_PROCESSOR,
		               blocks[i]);
		const char *found = rig_verify(
		        "source bounces { acct-file = \"/var/log/pmta/acct.csv\" endpoint = "
		        "\"octeth\" }\nendpoint octeth { url = \"\" }\n",
		        theirs);
		assert_part(found, "lacks rb", theirs);
		assert_part(found,
		            "set acct-file = \"/var/log/pmta/bounces.csv\" in source bounces",
		            theirs);
		assert_part(found,
		            "\n    <acct-file /var/log/pmta/bounces.csv>\n"
		            "        records b, rb\n        record-fields b " RIG_B "\n",
		            theirs);
		assert_part(found, "\n    </acct-file>\n", theirs);
		assert_null(strstr(found, "-> records"));
		assert_null(strstr(found, "logged without"));
		assert_null(strstr(found, "world-readable is"));
	}
}

static void test_paths_that_no_source_can_follow(void **state)
{
	(void)state;
	static const struct {
		const char *path, *part;
	} v[] = {
	        {"log/bounces.csv",
	         "problem config:1: <acct-file log/bounces.csv> is a relative path"},
	        {"log/bounces.csv", "-> <acct-file /var/log/pmta/bounces.csv>"},
	        {"bounces.csv", "is a relative path"},
	        {"/var/log/pmta/bounces-*.csv", "'*' is not a pattern but part of the name; write "
	                                        "bounces.csv, which stands for all dated files -> "
	                                        "<acct-file /var/log/pmta/bounces.csv>"},
	        {"/var/log/pmta/bounces*.csv", "-> <acct-file /var/log/pmta/bounces.csv>"},
	        {"/var/log/pmta/*.csv", "'*' is not a pattern"},
	        {"/opt/bounces-*.csv", "-> <acct-file /var/log/pmta/bounces.csv>"},
	        {"/opt/other-*.csv", "-> <acct-file /opt/other.csv>"},
	};
	char theirs[1024];
	for (size_t i = 0; i < COUNT(v); i++) {
		(void)snprintf(theirs, sizeof(theirs),
		               "<acct-file %s>\nrecords b\n</acct-file>\n" RIG_PROCESSOR,
		               v[i].path);
		const char *found = rig_verify(RIG_OURS, theirs);
		assert_part(found, v[i].part, theirs);
		assert_null(strstr(found, "acct-file = \"log"));
	}
}

static void test_headers_that_may_stand_for_a_complaints_recipient(void **state)
{
	(void)state;
	static const struct {
		const char *mapping, *part;
	} v[] = {
	        {"feedback-loop header_X-HmXmrOriginalRecipient rcpt", NULL},
	        {"f header_To rcpt",
	         "problem config:2: map-header-to-field: in f rows, rcpt holds"},
	        {"b header_To rcpt", NULL}, /* this source ships no b */
	};
	char theirs[1024];
	for (size_t i = 0; i < COUNT(v); i++) {
		(void)snprintf(theirs, sizeof(theirs),
		               "<acct-file /var/log/pmta/fbl.csv>\nmap-header-to-field %s\n"
		               "records fbl\n</acct-file>\n",
		               v[i].mapping);
		const char *found = rig_verify(RIG_OURS_FBL, theirs);
		if (v[i].part ? !strstr(found, v[i].part) : strstr(found, "map-header") != NULL)
			fail_msg("%s: %s", v[i].mapping, found);
	}
}

/* Files of root may have a group that nobody should join. */
static void test_run_as_root_is_named_where_a_group_is_advised(void **state)
{
	(void)state;
	static const char block[] = "<acct-file /var/log/pmta/bounces.csv>\nrecords b, rb\n"
	                            "</acct-file>\n%s";
	static const struct {
		const char *line;
		bool as_root;
	} v[] = {{"", true}, {"run-as-root yes\n", true}, {"run-as-root no\n", false}};
	char theirs[1024];
	for (size_t i = 0; i < COUNT(v); i++) {
		(void)snprintf(theirs, sizeof(theirs), block, v[i].line);
		const char *found = rig_verify(RIG_OURS, theirs);
		assert_part(found, "-> usermod -a -G pmta shipper", theirs);
		assert_int_equal(strstr(found, "run-as-root is on") != NULL, v[i].as_root);
	}
}

static void test_an_acct_file_that_is_no_block(void **state)
{
	(void)state;
	const char *found = rig_verify(RIG_OURS, "acct-file /var/log/pmta/bounces.csv\n");
	assert_part(found, "problem config:1: acct-file is a block", "");
	assert_null(strstr(found, "never written"));
}

static void test_rows_that_no_source_ships(void **state)
{
	(void)state;
	static const struct one v[] = {
	        {"records d,b,rb,f", NULL,
	         "warning config:1: f rows are logged in this file, and no source ships them: "
	         "complaints do not reach Octeth -> add \"f\" to records in source bounces"},
	        {"", "<acct-file /var/log/pmta/all.csv>\nrecords d,b,rb,f\n</acct-file>\n",
	         "-> source fbl { acct-file = \"/var/log/pmta/all.csv\" records = { \"f\" } "
	         "endpoint "
	         "= \"octeth\" }"},
	        {"", "<acct-file /var/log/pmta/all.csv>\nrecords d,b,rb\n</acct-file>\n", NULL},
	};
	assert_each(v, COUNT(v));
}

static void test_rows_that_powermta_sends_itself(void **state)
{
	(void)state;
	static const struct one v[] = {
	        {"", "<acct-file |/opt/send>\nrecords b\n</acct-file>\n",
	         "warning config:9: a pipe of PowerMTA gets b rows, which a source ships, too"},
	        {"",
	         "<acct-file /s/x.csv>\nrecords d,b\nhttp-webhook-url https://x.example\n"
	         "</acct-file>\n",
	         "warning config:11: http-webhook-url of PowerMTA gets b rows"},
	        {"", "<acct-file |/opt/send>\nrecords d\n</acct-file>\n", NULL},
	};
	assert_each(v, COUNT(v));
	const char *found = rig_verify(
	        "source bounces { acct-file = \"/var/log/pmta/bounces.csv\" endpoint = \"octeth\" "
	        "}\n"
	        "endpoint octeth { url = \"https://octeth.example/hook?type=pmta\" "
	        "format = \"object\" }\n",
	        "<acct-file |/usr/bin/curl https://octeth.example/hook>\n</acct-file>\n");
	assert_part(found,
	            "problem config:1: a pipe of PowerMTA gets b rows, which a source ships, "
	            "too, to the same host",
	            "");
}

/* PowerMTA's columns have no case. */
static void test_columns_are_compared_without_case(void **state)
{
	(void)state;
	const char *found = rig_verify(
	        "source fbl { acct-file = \"/var/log/pmta/fbl.csv\" endpoint = \"octeth\" "
	        "record-fields = { \"f timeLogged,HEADER_to,header_return-path\" } }\n"
	        "endpoint octeth { url = \"\" }\n",
	        "<acct-file /var/log/pmta/fbl.csv>\nrecords feedback-loop\nworld-readable yes\n"
	        "delete-after never\nrecord-fields f TIMELOGGED,Rcpt,Orig\n</acct-file>\n");
	assert_null(strstr(found, "logged without"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_directives_that_are_fine),
	        cmocka_unit_test(test_directives_that_withhold_or_alter_rows),
	        cmocka_unit_test(test_directives_that_are_not_known_are_named),
	        cmocka_unit_test(test_lists_whose_meaning_is_not_established),
	        cmocka_unit_test(test_a_webhook_of_powermta_gets_no_advice_to_move_files),
	        cmocka_unit_test(test_a_file_with_other_rows_is_left_as_it_is),
	        cmocka_unit_test(test_paths_that_no_source_can_follow),
	        cmocka_unit_test(test_headers_that_may_stand_for_a_complaints_recipient),
	        cmocka_unit_test(test_run_as_root_is_named_where_a_group_is_advised),
	        cmocka_unit_test(test_an_acct_file_that_is_no_block),
	        cmocka_unit_test(test_rows_that_no_source_ships),
	        cmocka_unit_test(test_rows_that_powermta_sends_itself),
	        cmocka_unit_test(test_columns_are_compared_without_case),
	};
	int failed = cmocka_run_group_tests(tests, temp_setup, temp_teardown);
	rig_done();
	return failed;
}
