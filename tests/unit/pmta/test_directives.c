/*
 * test_directives.c - directives.h: the blocks that an operator pastes into PowerMTA's
 * configuration.  Run from the root of the repository.
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

#include "base/scope.h"
#include "conf/conf.h"
#include "pmta/directives.h"

#define EXAMPLE "conf/pmta-shipper.conf"
#define OTHER "fixtures/conf/good/other-paths.conf"
#define PLAIN "fixtures/conf/good/forward.conf"

/* As in Octeth's documentation: an operator compares the two. */
static const char stock[] =
        "<acct-file /var/log/pmta/bounces.csv>\n"
        "    move-interval 1h\n"
        "    move-to /var/log/pmta/accounting/bounces/\n"
        "    records b, rb\n"
        "    record-fields b timeQueued,timeLogged,orig,rcpt,bounceCat,dsnStatus,dsnAction,dsnDiag,"
        "dsnMta,jobId,vmta,header_X-FBLId\n"
        "    record-fields rb timeLogged,orig,rcpt,bounceCat,dsnStatus,dsnAction,dsnDiag,dsnMta,"
        "header_X-FBLId\n"
        "    world-readable yes\n"
        "</acct-file>\n"
        "\n"
        "<acct-file /var/log/pmta/fbl.csv>\n"
        "    move-interval 24h\n"
        "    move-to /var/log/pmta/accounting/fbl/\n"
        "    records feedback-loop\n"
        "    record-fields f timeLogged,format,header_To,header_Return-Path,reportedDomain,"
        "header_X-FBLId\n"
        "    world-readable yes\n"
        "</acct-file>\n";

static void no_mistake(const struct file_mistake *m, void *arg)
{
	(void)arg;
	fail_msg("%s", m->line);
}

static char *generate(const char *path, bool extended)
{
	struct conf *conf = NULL;
	char *ret = NULL;
	size_t size;
	assert_int_equal(conf_load(&conf, path, no_mistake, NULL), 0);
	FILE *out = open_memstream(&ret, &size);
	assert_non_null(out);
	assert_int_equal(directives_print(conf, extended, out), 0);
	(void)fclose(out);
	(void)conf_free(conf);
	return ret;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void assert_has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' is in:\n%s", part, text);
}

/* Removes comments and blank lines from text. */
static char *without_comments(char *text)
{
	char *to = text;
	for (char *p = text; *p;) {
		size_t len = strcspn(p, "\n");
		len += p[len] == '\n';
		if (*p != '#' && *p != '\n') {
			memmove(to, p, len);
			to += len;
		}
		p += len;
	}
	*to = '\0';
	return text;
}

static void test_stock_is_octeths(void **state)
{
	(void)state;
	scope_free char *text = generate(EXAMPLE, false);
	assert_has(text, stock);
	/* Only these two blocks are active; the rest is comments. */
	scope_free char *want = strdup(stock);
	assert_string_equal(without_comments(text), without_comments(want));
}

static void test_stock_extended(void **state)
{
	(void)state;
	scope_free char *text = generate(EXAMPLE, true);
	assert_has(text, "dsnMta,jobId,vmta,header_X-FBLId,header_X-MessageID\n");
	assert_has(text, "dsnDiag,dsnMta,header_X-FBLId,header_X-MessageID\n");
	assert_has(text,
	           "reportedDomain,header_X-FBLId,orig,rcpt,feedbackType,header_X-MessageID\n");
	assert_has_not(text, "rcpt,orig,rcpt,bounceCat");
}

static void test_stock_prerequisites(void **state)
{
	(void)state;
	scope_free char *text = generate(EXAMPLE, false);
	static const char *const parts[] = {
	        "#     relay-domain bounce.example.com\n",
	        "#     <bounce-processor>\n",
	        "#         deliver-unmatched-email yes\n",
	        "#             domain bounce.example.com\n",
	        "#     </bounce-processor>\n",
	        "#     <feedback-loop-processor>\n",
	        "#             address /fbl@fbl.example.com/\n",
	        "#     mkdir -p /var/log/pmta/accounting/bounces/ /var/log/pmta/accounting/fbl/\n",
	        "#     pmta reload\n",
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		assert_has(text, parts[i]);
	assert_has(text, "#     chown pmta:pmta /var/log/pmta/accounting/bounces/ "
	                 "/var/log/pmta/accounting/fbl/\n");
}

static void test_other_paths(void **state)
{
	(void)state;
	scope_free char *text = generate(OTHER, false);
	assert_has(text, "<acct-file \"/srv/my mail/all.csv\">\n"
	                 "    move-interval 1h\n"
	                 "    move-to \"/srv/my mail/it's moved\"\n"
	                 "    records b, feedback-loop, d\n"
	                 "    record-fields b orig,rcpt\n"
	                 "    record-fields f rcpt,feedbackType\n"
	                 "    world-readable yes\n"
	                 "</acct-file>\n");
	assert_has(text, "#     mkdir -p '/srv/my mail/it'\\''s moved'\n");
	assert_has(text, "feedback-loop-processor");
	assert_has_not(text, "<bounce-processor>");
}

/* PowerMTA ignores move-interval without move-to, so neither is printed. */
static void test_not_moved(void **state)
{
	(void)state;
	scope_free char *text = generate(OTHER, false);
	assert_has(text, "<acct-file /srv/plain.csv>\n"
	                 "    records b\n"
	                 "    record-fields b timeQueued,");
}

/* Fields that the configuration already lists are not listed twice. */
static void test_other_extended(void **state)
{
	(void)state;
	scope_free char *text = generate(OTHER, true);
	assert_has(text, "    record-fields b orig,rcpt,header_X-MessageID\n");
	assert_has(text, "    record-fields f rcpt,feedbackType,orig,header_X-MessageID\n");
}

static void test_no_complaints(void **state)
{
	(void)state;
	scope_free char *text = generate(PLAIN, false);
	assert_has(text, "<bounce-processor>");
	assert_has_not(text, "feedback-loop");
}

static void test_full_disk(void **state)
{
	(void)state;
	struct conf *conf = NULL;
	assert_int_equal(conf_load(&conf, EXAMPLE, no_mistake, NULL), 0);
	FILE *out = fopen("/dev/full", "we");
	assert_non_null(out);
	assert_int_equal(directives_print(conf, false, out), -ENOSPC);
	(void)fclose(out);
	(void)conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_stock_is_octeths),    cmocka_unit_test(test_stock_extended),
	        cmocka_unit_test(test_stock_prerequisites), cmocka_unit_test(test_other_paths),
	        cmocka_unit_test(test_not_moved),           cmocka_unit_test(test_other_extended),
	        cmocka_unit_test(test_no_complaints),       cmocka_unit_test(test_full_disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
