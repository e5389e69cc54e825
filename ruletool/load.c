#include "ruletool/load.h"

#include <stdio.h>

#include "base/mask.h"
#include "base/utf8.h"
#include "cli/cli.h"

static void to_stderr(const struct file_mistake *m, void *arg)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", m->line);
}

int ruletool_load(struct ruletool_options *o)
{
	int status = 0;
	if (o->files) {
		const struct strlist files = {&o->files, 1};
		if (rules_load(&o->rules, &files, to_stderr, NULL) < 0)
			return CLI_EXIT_CONF;
	} else {
		status = cli_load_conf_to_look(&o->conf, o->conf_path);
		if (status == 0)
			status = cli_load_rules(&o->rules, o->conf);
	}
	if (status != 0 || o->rules)
		return status;
	(void)fprintf(
	        stderr,
	        "pmta-shipper rules: no rules file: the configuration's 'rules' or --rules must "
	        "name one\n");
	return CLI_EXIT_CONF;
}

void ruletool_text(const struct ruletool_options *o, struct slice text, char *ret, size_t size)
{
	char masked[3 * RULES_TEXT_MAX + 4];
	size_t len = text.len < RULES_TEXT_MAX ? text.len : RULES_TEXT_MAX;
	if (!o->raw) {
		len = mask_addresses(text.text, len, masked);
		text.text = masked;
	}
	utf8_printable(text.text, len, ret, size);
}
