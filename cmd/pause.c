#include <getopt.h>
#include <stdio.h>

#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cmd/commands.h"

static int tell(int argc, char **argv, const char *about, const char *examples)
{
	const char *path = CONF_DEFAULT_PATH;
	const struct cli_spec spec = {.usage = "[-c FILE] ENDPOINT",
	                              .about = about,
	                              .examples = examples,
	                              .config = &path,
	                              .arguments = "which endpoint?"};
	struct conf *conf;
	int status = cli_options(argc, argv, &spec);
	if (status != CLI_GO_ON)
		return status;
	if (optind + 1 < argc)
		return cli_usage(argv[0], "one endpoint at a time");
	status = cli_load_conf_to_look(&conf, path);
	if (status != 0)
		return status;
	char query[ASK_QUERY_MAX];
	(void)snprintf(query, sizeof(query), "/%s?", argv[0]);
	status = ask_query(query, "endpoint", argv[optind]);
	if (status == 0)
		status = ask_tell(conf, query);
	(void)conf_free(conf);
	return status;
}

int cmd_pause(int argc, char **argv)
{
	return tell(
	        argc, argv,
	        "Send nothing to an endpoint until 'resume', also across restarts.  Requests in\n"
	        "flight are finished; new rows wait in their files and nothing is lost.",
	        "  pmta-shipper pause octeth");
}

int cmd_resume(int argc, char **argv)
{
	return tell(argc, argv, "Continue sending to an endpoint that was paused.",
	            "  pmta-shipper resume octeth");
}
