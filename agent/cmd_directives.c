#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "agent/cmd.h"
#include "conf/directives.h"

int cmd_directives(int argc, char **argv)
{
	const char *path = CONF_DEFAULT_PATH;
	bool extended = false;
	const struct cmd_option options[] = {
	        {"extended", CMD_FLAG, &extended, NULL, "log further fields that help Octeth"},
	        {0}};
	const struct cmd_spec spec = {
	        .usage = "[-c FILE] [--extended]",
	        .about = "Print the acct-file blocks for PowerMTA's configuration.",
	        .examples = "  pmta-shipper directives --extended >acct-files.txt",
	        .options = options,
	        .config = &path,
	        .arguments = CMD_NO_ARGUMENTS};
	struct conf *conf = NULL;
	int status = cmd_options(argc, argv, &spec);
	if (status == CMD_GO_ON)
		status = cmd_load_conf_to_look(&conf, path);
	if (!conf)
		return status;
	int r = directives_print(conf, extended, stdout);
	(void)conf_free(conf);
	if (r == 0)
		return 0;
	(void)fprintf(stderr, "pmta-shipper directives: cannot write: %s\n", strerror(-r));
	return 1;
}
