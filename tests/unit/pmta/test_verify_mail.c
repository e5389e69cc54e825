/*
 * test_verify_mail.c - the mail that rb and f records need: processors, their lists, relaying.
 */
#include "tests/unit/pmta/rig.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define LIST(entries) "<address-list>\n" entries "\n</address-list>\n"
#define PROCESSOR(inside) "<bounce-processor>\n" inside "</bounce-processor>\n"
#define FBL(entries) "<feedback-loop-processor>\n" LIST(entries) "</feedback-loop-processor>\n"

/* Checks the findings of a configuration of PowerMTA; NULL: there are none. */
static void assert_found(const char *more, const char *part)
{
	const char *found = rig_verify_block("", more);
	if (part && !strstr(found, part))
		fail_msg("no '%s' for:\n%s\nbut:\n%s", part, more, found);
	if (!part && *found)
		fail_msg("for:\n%s\n%s", more, found);
}

static void test_relaying_that_is_granted(void **state)
{
	(void)state;
	static const char *const granted[] = {
	        "relay-domain b.example.org",
	        "relay-domain B.Example.Org",
	        "relay-domain b.example.org#note",
	        "relay-domain b.example.org # note",
	        "relay-domain *.example.org",
	        "relay-domain [*.]example.org",
	        "relay-domain [*.]b.example.org",
	        "relay-domain x.example, [*.]example.org",
	        "<source 0/0>\nrelay-domain b.example.org\n</source>",
	        "relay-address /.*@b\\.example\\.org$/",
	        "relay-address /@b.example.org/",
	};
	char more[1024];
	for (size_t i = 0; i < COUNT(granted); i++) {
		(void)snprintf(more, sizeof(more), "%s\n%s", granted[i],
		               PROCESSOR(LIST("domain b.example.org")));
		assert_found(more, NULL);
	}
}

static void test_relaying_that_is_not_granted(void **state)
{
	(void)state;
	static const struct {
		const char *line, *part;
	} refused[] = {
	        {"", "problem config:12: no relay-domain for b.example.org"},
	        {"relay-domain [*.]ample.org", "no relay-domain for b.example.org"},
	        {"relay-domain *.b.example.org", "no relay-domain for b.example.org"},
	        {"relay-domain [192.0.2.0/24]", "no relay-domain for b.example.org"},
	        {"#relay-domain b.example.org", "no relay-domain for b.example.org"},
	        {"relay-address fbl@other.example", "no relay-domain for b.example.org"},
	        {"relay-address /@other\\.example$/", "no relay-domain for b.example.org"},
	        /* granted for some addresses only, or in words that are not understood here */
	        {"relay-address one@b.example.org", "warning? config:12: not checked: whether "
	                                            "relay-address"},
	        {"relay-address /^r-[0-9]+@b\\.example\\.org$/", "not checked: whether"},
	        {"relay-address /(?<x>b)@b\\.example\\.org/", "not checked: whether"},
	};
	char more[1024];
	for (size_t i = 0; i < COUNT(refused); i++) {
		(void)snprintf(more, sizeof(more), "%s\n%s", refused[i].line,
		               PROCESSOR(LIST("domain b.example.org")));
		assert_found(more, refused[i].part);
	}
}

static void test_complaints_come_to_an_address(void **state)
{
	(void)state;
	static const struct {
		const char *line, *entry;
		bool granted;
	} lists[] = {
	        {"relay-address fbl@f.example", "address fbl@f.example", true},
	        {"relay-address FBL@f.example", "address /fbl@f.example/", true},
	        {"relay-address /fbl@f\\.example/", "address fbl@f.example", true},
	        {"relay-address /^fbl@.*$/", "address /^fbl@f\\.example$/", true},
	        {"relay-address /fbl-.*@f\\.example/", "address /fbl-.*@f\\.example/", true},
	        {"relay-domain f.example", "address /fbl-.*@f\\.example/", true},
	        {"relay-address abuse@f.example", "address fbl@f.example", false},
	};
	char theirs[4096];
	for (size_t i = 0; i < COUNT(lists); i++) {
		(void)snprintf(
		        theirs, sizeof(theirs),
		        "%s\n<feedback-loop-processor>\n" LIST("%s") "</feedback-loop-processor>\n",
		        lists[i].line, lists[i].entry);
		const char *found = rig_verify(RIG_OURS_FBL, theirs);
		if (lists[i].granted ==
		    (strstr(found, "relay") != NULL && strstr(found, "f.example") != NULL))
			fail_msg("%s, %s: %s", lists[i].line, lists[i].entry, found);
	}
}

static void test_a_processor_without_addresses_processes_nothing(void **state)
{
	(void)state;
	static const char *const empty[] = {
	        PROCESSOR(""),
	        PROCESSOR("deliver-unmatched-email yes\n"),
	        PROCESSOR("<address-list>\n</address-list>\n"),
	        PROCESSOR(LIST("#domain b.example.org")),
	};
	for (size_t i = 0; i < COUNT(empty); i++)
		assert_found(empty[i], "problem config:9: <bounce-processor> has no addresses in "
		                       "an <address-list>");
	assert_found(PROCESSOR(LIST("address-file /etc/pmta/bounces")),
	             "info config:11: the addresses in '/etc/pmta/bounces' were not compared");
}

static void test_what_is_not_known_in_a_processor_is_named(void **state)
{
	(void)state;
	assert_found("relay-domain b.example\n" PROCESSOR(
	                     "deliver-matched-email no\nforward-unmatched-to a@b.example\n"
	                     "forward-errors-to a@b.example\n" LIST("domain b.example")),
	             NULL);
	assert_found(
	        "relay-domain b.example\n" PROCESSOR("odd-thing yes\n" LIST("domain b.example")),
	        "info? config:11: 'odd-thing' in <bounce-processor> is not known to this check");
	assert_found(
	        "relay-domain b.example\n" PROCESSOR(LIST("domain b.example\nmailbox x@b.example")),
	        "'mailbox' in <address-list> is not known to this check");
}

#define FBL_BLOCK(fields)                                                                          \
	"<acct-file /var/log/pmta/fbl.csv>\nrecords feedback-loop\nworld-readable yes\n"           \
	"delete-after never\n" fields "</acct-file>\nrelay-domain f.example\n"

static void test_the_mailbox_of_complaints_is_suggested(void **state)
{
	(void)state;
	static const char with[] = FBL_BLOCK("record-fields f *,header_To,header_Return-Path\n");
	static const char without[] = FBL_BLOCK("record-fields f *,!orig,header_Return-Path\n");
	static const struct {
		const char *block, *entries, *ours, *part;
	} v[] = {
	        {with, "address /fbl@f\\.example/\ndomain f.example\naddress /fbl-.*@f.example/",
	         "", "-> fbl-addresses = { \"fbl@f.example\", \"@f.example\" } in endpoint octeth"},
	        {with, "address FBL@f.example", "fbl-addresses = { \"fbl@f.example\" }", NULL},
	        {with, "address fbl@f.example", "fbl-addresses = { \"@F.example\" }", NULL},
	        {with, "address fbl@f.example", "fbl-addresses = { \"x@x.example\" }",
	         "-> fbl-addresses = { \"x@x.example\", \"fbl@f.example\" } in"},
	        {with, "address fbl@f.example", "fill-addresses = false", NULL},
	        {with, "address-file /x", "", NULL},
	        {without, "address fbl@f.example", "", NULL},
	};
	char ours[1024], theirs[4096];
	for (size_t i = 0; i < COUNT(v); i++) {
		(void)snprintf(ours, sizeof(ours),
		               "source fbl { acct-file = \"/var/log/pmta/fbl.csv\" endpoint = "
		               "\"octeth\" }\nendpoint octeth { url = \"\" %s }\n",
		               v[i].ours);
		(void)snprintf(theirs, sizeof(theirs),
		               "%s<feedback-loop-processor>\n<address-list>\n%s\n</address-list>\n"
		               "</feedback-loop-processor>\n",
		               v[i].block, v[i].entries);
		const char *found = rig_verify(ours, theirs);
		if (v[i].part ? !strstr(found, v[i].part) : strstr(found, "fbl-addresses") != NULL)
			fail_msg("%s: %s", v[i].entries, found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_relaying_that_is_granted),
	        cmocka_unit_test(test_relaying_that_is_not_granted),
	        cmocka_unit_test(test_complaints_come_to_an_address),
	        cmocka_unit_test(test_a_processor_without_addresses_processes_nothing),
	        cmocka_unit_test(test_what_is_not_known_in_a_processor_is_named),
	        cmocka_unit_test(test_the_mailbox_of_complaints_is_suggested),
	};
	int failed = cmocka_run_group_tests(tests, temp_setup, temp_teardown);
	rig_done();
	return failed;
}
