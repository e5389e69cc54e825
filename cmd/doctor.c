#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "base/shell.h"
#include "base/units.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/print_findings.h"
#include "cmd/commands.h"
#include "doctor/doctor.h"

/* Returns the option for commands in the advice; the caller frees it.  NULL: out of memory. */
static char *with_conf(const char *path)
{
	scope_free char *quoted = shell_quoted(path);
	char *ret;
	if (strcmp(path, CONF_DEFAULT_PATH) == 0)
		return strdup("");
	return quoted && asprintf(&ret, " -c %s", quoted) >= 0 ? ret : NULL;
}

static int examine(struct doctor *d, const char *path)
{
	struct conf *conf;
	/* People paste the commands elsewhere. */
	scope_free char *whole = realpath(path, NULL);
	path = *path != '/' && whole ? whole : path;
	int status = cli_load_conf_to_look(&conf, path);
	if (status != 0)
		return status;
	scope_free char *with = with_conf(path);
	d->conf = conf;
	d->with = with;
	if (!with || doctor_examine(d) < 0)
		status = cli_failed("out of memory");
	(void)conf_free(conf);
	return status;
}

static void print_sum(const struct findings *f)
{
	(void)printf("%u problem%s, %u warning%s", f->n[FINDING_PROBLEM],
	             units_s(f->n[FINDING_PROBLEM]), f->n[FINDING_WARNING],
	             units_s(f->n[FINDING_WARNING]));
	if (f->unchecked > 0)
		(void)printf(", %u not checked", f->unchecked);
	(void)putchar('\n');
}

int cmd_doctor(int argc, char **argv)
{
	const char *path = CONF_DEFAULT_PATH, *pmta = NULL;
	struct findings findings = {0};
	struct doctor d = {.to = {findings_print, &findings}};
	const struct cli_option takes[] = {
	        {"pmta-config", CLI_TEXT, &pmta, "FILE",
	         "PowerMTA's configuration (" PMTA_CONFIG_DEFAULT_PATH ")"},
	        {"send-test", CLI_FLAG, &d.send_test, NULL,
	         "send one marked event to each endpoint, and show it"},
	        {"json", CLI_FLAG, &findings.json, NULL, "print JSON for programs"},
	        {0}};
	const struct cli_spec spec = {
	        .usage = "[-c FILE] [--pmta-config FILE] [--send-test] [--json]",
	        .about = "Check everything that can be known before the first record, one line per "
	                 "finding: ok, info, warning or problem, what it means, and how to fix it. "
	                 "Best run as root. Sends no event unless --send-test is given. Exit "
	                 "status 1 if there are problems, or if something could not be checked.",
	        .examples = "  sudo pmta-shipper doctor\n"
	                    "  sudo pmta-shipper doctor | grep '^problem'\n"
	                    "  sudo pmta-shipper doctor --send-test",
	        .options = takes,
	        .config = &path,
	        .arguments = CLI_NO_ARGUMENTS};
	int status = cli_options(argc, argv, &spec);
	if (status != CLI_GO_ON)
		return status;
	d.pmta_path = pmta ? pmta : PMTA_CONFIG_DEFAULT_PATH;
	d.pmta_given = pmta != NULL;
	status = examine(&d, path);
	if (status == CLI_EXIT_CONF)
		return status;
	findings_end(&findings);
	if (!findings.json)
		print_sum(&findings);
	return status != 0 ? status : findings.n[FINDING_PROBLEM] > 0 || findings.unchecked > 0;
}
