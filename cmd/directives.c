#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/print_findings.h"
#include "cmd/commands.h"
#include "doctor/user.h"
#include "pmta/directives.h"
#include "pmta/verify.h"

static int print(const struct conf *conf, bool extended)
{
	return directives_print(conf, extended, stdout) < 0 ? 1 : 0; /* main() reports why */
}

/* "Fine" only if all of it was understood, and nothing is left to look at. */
static void print_result(const char *path, const struct findings *f)
{
	unsigned problems = f->n[FINDING_PROBLEM], warnings = f->n[FINDING_WARNING];
	if (problems > 0)
		(void)printf("%s: %u problem%s to fix; run pmta reload afterwards\n", path,
		             problems, units_s(problems));
	else if (f->unchecked > 0)
		(void)printf("%s: no problem found, but %u thing%s could not be checked\n", path,
		             f->unchecked, units_s(f->unchecked));
	else if (warnings > 0)
		(void)printf("%s: no problem, but %u warning%s\n", path, warnings,
		             units_s(warnings));
	else
		(void)printf("%s: fine: it logs what every source needs\n", path);
}

static int verify(const struct conf *conf, const char *path)
{
	struct pmta_config *pmta;
	struct findings findings = {0};
	struct user user;
	struct err err = {0};
	if (pmta_config_read(&pmta, path, NULL, &err) < 0)
		return cli_failed(err.text);
	user_of_service(conf, NULL, &user);
	const struct verify v = {.conf = conf,
	                         .pmta = pmta,
	                         .reader = user_reader(&user, conf),
	                         .to = {findings_print, &findings}};
	verify_pmta(&v);
	(void)pmta_config_free(pmta);
	print_result(path, &findings);
	return findings.n[FINDING_PROBLEM] > 0 || findings.unchecked > 0;
}

int cmd_directives(int argc, char **argv)
{
	const char *path = CONF_DEFAULT_PATH, *pmta = NULL;
	bool extended = false;
	const struct cli_option options[] = {
	        {"extended", CLI_FLAG, &extended, NULL, "also log fields that Octeth can use"},
	        {"verify", CLI_TEXT, &pmta, "PMTA_CONFIG",
	         "compare with PowerMTA's configuration instead, and\n"
	         "                           print the changes it needs"},
	        {0}};
	const struct cli_spec spec = {
	        .usage = "[-c FILE] [--extended]\n[-c FILE] --verify PMTA_CONFIG",
	        .about = "Print the acct-file blocks for PowerMTA's configuration, or compare them "
	                 "with it.",
	        .examples = "  pmta-shipper directives\n"
	                    "  pmta-shipper directives --verify /etc/pmta/config",
	        .options = options,
	        .config = &path,
	        .arguments = CLI_NO_ARGUMENTS};
	struct conf *conf = NULL;
	int status = cli_options(argc, argv, &spec);
	if (status == CLI_GO_ON && pmta && extended)
		status = cli_usage(argv[0], "--extended is for printing, not for --verify");
	if (status == CLI_GO_ON)
		status = cli_load_conf_to_look(&conf, path);
	if (!conf)
		return status;
	status = pmta ? verify(conf, pmta) : print(conf, extended);
	(void)conf_free(conf);
	return status;
}
