#include "agent/cmd.h"

#include <stdio.h>

int cmd_usage(const char *command, const char *why)
{
	(void)fprintf(stderr, "pmta-shipper %s: %s; see 'pmta-shipper %s --help'\n", command, why,
	              command);
	return CMD_EXIT_USAGE;
}

static void to_stderr(const char *line, void *arg)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", line);
}

int cmd_load_conf(struct conf **ret, const char *path)
{
	return conf_load(ret, path, to_stderr, NULL) < 0 ? CMD_EXIT_CONF : 0;
}
