/* rules check|explain|import|export: options, and what they share. */
#include "agent/cmd_rules.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/mask.h"
#include "base/units.h"
#include "base/utf8.h"

static void print_help(void)
{
	(void)printf(
	        "Usage: pmta-shipper rules check [-c FILE] [--rules FILE]... [--json] [--raw]\n"
	        "                                [--top N] [--fail-on WHAT,...] [CSV...]\n"
	        "       pmta-shipper rules explain [-c FILE] [--rules FILE]... [--status S]\n"
	        "                                [--cat C] [--domain D] [--mx M] [--dsnaction A]\n"
	        "                                [--feedback TYPE] [--raw] TEXT\n"
	        "       pmta-shipper rules import [--from FORMAT] FILE\n"
	        "       pmta-shipper rules export --octeth [-c FILE] [--rules FILE]...\n"
	        "Check bounce rules against accounting files, say which rule decides about a text\n"
	        "and why, and bring rules from and to other products: pmta-shipper.rules(5).\n\n"
	        "  -c, --config FILE     the configuration (" CONF_DEFAULT_PATH ")\n"
	        "      --rules FILE      these files of rules, and not the configuration's\n"
	        "      --status S        explain: dsnStatus of the bounce\n"
	        "      --cat C           explain: its bounceCat\n"
	        "      --domain D        explain: the recipient's domain\n"
	        "      --mx M            explain: its dsnMta\n"
	        "      --dsnaction A     explain: its dsnAction\n"
	        "      --feedback TYPE   explain: a complaint of that type\n"
	        "      --json            check: for programs\n"
	        "      --top N           check: at most N groups of bounces that no rule catches (20)\n"
	        "      --fail-on WHAT    check: exit status 1 if there is any of never, shadowed,\n"
	        "                        conflict, suspect, slow, unmatched, or unmatched=PERCENT\n"
	        "      --raw             show mail addresses as they are\n"
	        "      --from FORMAT     import: octeth, phplist or powermta; else it is guessed\n"
	        "      --octeth          export: lines of TEXT==>Hard and TEXT==>Soft\n"
	        "      --help            print this\n");
}

enum { STATUS = 256, CAT, DOMAIN, MX, ACTION, FEEDBACK, RULES, JSON, TOP, FAIL_ON, RAW, FROM, OCTETH };

static int take_top(struct rules_options *o, const char *text)
{
	uint64_t n;
	if (!units_number(text, &n) || n > 10000)
		return cmd_usage("rules", "--top takes a number up to 10000");
	o->top = (unsigned long)n;
	return 0;
}

static int take_option(struct rules_options *o, int c)
{
	const char **const texts[] = {[STATUS - STATUS] = &o->status, [CAT - STATUS] = &o->cat,
	                              [DOMAIN - STATUS] = &o->domain, [MX - STATUS] = &o->mx,
	                              [ACTION - STATUS] = &o->action,
	                              [FEEDBACK - STATUS] = &o->feedback};
	if (c >= STATUS && c <= FEEDBACK)
		*texts[c - STATUS] = optarg;
	else if (c == RULES && o->nfiles == RULES_FILES_MAX)
		return cmd_usage("rules", "too many --rules");
	else if (c == RULES)
		o->files[o->nfiles++] = optarg;
	else if (c == TOP)
		return take_top(o, optarg);
	else if (c == FAIL_ON)
		o->fail_on = optarg;
	else if (c == FROM)
		o->from = optarg;
	else if (c == 'c')
		o->conf_path = optarg;
	o->json = o->json || c == JSON;
	o->raw = o->raw || c == RAW;
	o->octeth = o->octeth || c == OCTETH;
	o->help = o->help || c == 'h';
	return 0;
}

static int take_options(int argc, char **argv, struct rules_options *o)
{
	static const struct option options[] = {
	        {"config", required_argument, NULL, 'c'},
	        {"rules", required_argument, NULL, RULES},
	        {"status", required_argument, NULL, STATUS},
	        {"cat", required_argument, NULL, CAT},
	        {"domain", required_argument, NULL, DOMAIN},
	        {"mx", required_argument, NULL, MX},
	        {"dsnaction", required_argument, NULL, ACTION},
	        {"feedback", required_argument, NULL, FEEDBACK},
	        {"json", no_argument, NULL, JSON},
	        {"top", required_argument, NULL, TOP},
	        {"fail-on", required_argument, NULL, FAIL_ON},
	        {"raw", no_argument, NULL, RAW},
	        {"from", required_argument, NULL, FROM},
	        {"octeth", no_argument, NULL, OCTETH},
	        {"help", no_argument, NULL, 'h'},
	        {NULL, 0, NULL, 0},
	};
	int c, status = 0;
	optind = 0;
	opterr = 0;
	while (status == 0 && (c = getopt_long(argc, argv, ":c:h", options, NULL)) != -1) {
		if (c == ':' || c == '?')
			return cmd_bad_option(argv, c);
		status = take_option(o, c);
	}
	o->args = argv + optind;
	o->nargs = argc - optind;
	return status;
}

static void to_stderr(const char *line, void *arg)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", line);
}

int cmd_rules_load(struct rules_options *o)
{
	int status = 0;
	if (o->nfiles > 0) {
		const struct strlist files = {o->files, o->nfiles};
		if (rules_load(&o->rules, &files, to_stderr, NULL) < 0)
			return CMD_EXIT_CONF;
	} else {
		status = cmd_load_conf_to_look(&o->conf, o->conf_path);
		if (status == 0)
			status = cmd_load_rules(&o->rules, o->conf);
	}
	if (status != 0 || o->rules)
		return status;
	(void)fprintf(stderr,
	              "pmta-shipper rules: no file of rules: the configuration's 'rules' or --rules "
	              "must name one\n");
	return CMD_EXIT_CONF;
}

void cmd_rules_text(const struct rules_options *o, struct slice text, char *ret, size_t size)
{
	char masked[3 * RULES_TEXT_MAX + 4];
	size_t len = text.len < RULES_TEXT_MAX ? text.len : RULES_TEXT_MAX;
	if (!o->raw) {
		len = mask_addresses(text.text, len, masked);
		text.text = masked;
	}
	utf8_printable(text.text, len, ret, size);
}

int cmd_rules(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(struct rules_options *o);
	} commands[] = {{"check", cmd_rules_check},
	                {"explain", cmd_rules_explain},
	                {"import", cmd_rules_import},
	                {"export", cmd_rules_export}};
	struct rules_options o = {.conf_path = CONF_DEFAULT_PATH, .top = 20};
	int status = take_options(argc, argv, &o);
	if (status != 0)
		return status;
	if (o.help) {
		print_help();
		return 0;
	}
	if (o.nargs == 0)
		return cmd_usage(argv[0], "check, explain, import or export?");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(o.args[0], commands[i].name) != 0)
			continue;
		o.args++;
		o.nargs--;
		status = commands[i].run(&o);
		(void)rules_free(o.rules);
		(void)conf_free(o.conf);
		return status;
	}
	return cmd_usage(argv[0], "takes check, explain, import or export");
}
