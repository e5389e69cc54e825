#include <getopt.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cmd/commands.h"
#include "ruletool/options.h"

static const struct {
	const char *name;
	int (*run)(struct ruletool_options *o);
} commands[] = {{"check", ruletool_check},
                {"explain", ruletool_explain},
                {"import", ruletool_import},
                {"export", ruletool_export}};

static int run(struct ruletool_options *o, const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(name, commands[i].name) == 0)
			return commands[i].run(o);
	return cli_usage("rules", "takes check, explain, import or export");
}

int cmd_rules(int argc, char **argv)
{
	struct ruletool_options o = {.conf_path = CONF_DEFAULT_PATH, .top = 20};
	const struct cli_option options[] = {
	        {"rules", CLI_TEXT, &o.files, "FILE",
	         "use these files (a pattern), not the configuration's"},
	        {"status", CLI_TEXT, &o.status, "S", "explain: dsnStatus of the bounce"},
	        {"cat", CLI_TEXT, &o.cat, "C", "explain: its bounceCat"},
	        {"domain", CLI_TEXT, &o.domain, "D", "explain: the recipient's domain"},
	        {"mx", CLI_TEXT, &o.mx, "M", "explain: its dsnMta"},
	        {"dsnaction", CLI_TEXT, &o.action, "A", "explain: its dsnAction"},
	        {"feedback", CLI_TEXT, &o.feedback, "TYPE", "explain: a complaint of that type"},
	        {"json", CLI_FLAG, &o.json, NULL, "check: print JSON for programs"},
	        {"top", CLI_NUMBER, &o.top, "N",
	         "check: at most N groups of texts that no rule matches (20)"},
	        {"fail-on", CLI_TEXT, &o.fail_on, "WHAT",
	         "check: exit status 1 if it finds one of these (separated by commas): never, "
	         "shadowed, conflict, suspect, slow, unmatched, unmatched=PERCENT"},
	        {"from", CLI_TEXT, &o.from, "FORMAT",
	         "import: octeth, phplist or powermta; else guessed"},
	        {"octeth", CLI_FLAG, &o.octeth, NULL, "export: lines TEXT==>Hard and TEXT==>Soft"},
	        {"raw", CLI_FLAG, &o.raw, NULL, "show mail addresses unmasked"},
	        {0}};
	const struct cli_spec spec = {
	        .usage = "check [-c FILE] [--rules FILE] [--json] [--top N] [--fail-on WHAT] "
	                 "[--raw] "
	                 "[CSV]...\n"
	                 "explain [-c FILE] [--rules FILE] [FIELD]... [--raw] TEXT\n"
	                 "import [--from FORMAT] FILE\n"
	                 "export --octeth [-c FILE] [--rules FILE]",
	        .about = "Bounce rules: check them against accounting files; explain the verdict "
	                 "of a text; import rules from other products, or export them. See "
	                 "pmta-shipper.rules(5).",
	        .examples = "  pmta-shipper rules check /var/log/pmta/accounting/bounces/*.csv\n"
	                    "  pmta-shipper rules explain 'smtp;550 5.1.1 No such user'\n"
	                    "  pmta-shipper rules import export.txt > 40-imported.rules",
	        .options = options,
	        .config = &o.conf_path,
	        .arguments = "check, explain, import or export?"};
	int status = cli_options(argc, argv, &spec);
	if (status != CLI_GO_ON)
		return status;
	o.args = argv + optind + 1;
	o.nargs = argc - optind - 1;
	status = run(&o, argv[optind]);
	(void)rules_free(o.rules);
	(void)conf_free(o.conf);
	return status;
}
