#include <getopt.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "agent/agent.h"
#include "agent/cmd.h"

static void print_help(void)
{
	(void)printf(
	        "Usage: pmta-shipper run [-c FILE] [--dry-run]\n"
	        "Follow PowerMTA's accounting files and deliver their records until SIGTERM.\n"
	        "SIGHUP reads the configuration again.\n\n"
	        "  -c, --config FILE  the configuration (" CONF_DEFAULT_PATH ")\n"
	        "      --dry-run      read, encode and count, but send nothing; with a store of\n"
	        "                     its own, so that it can run beside another shipper\n"
	        "      --help         print this\n");
}

int cmd_run(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
	                                        {"dry-run", no_argument, NULL, 'd'},
	                                        {"help", no_argument, NULL, 'h'},
	                                        {NULL, 0, NULL, 0}};
	const char *path = CONF_DEFAULT_PATH;
	bool dry_run = false;
	struct conf *conf;
	int c;
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":c:h", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 'd':
			dry_run = true;
			break;
		case 'h':
			print_help();
			return 0;
		default:
			return cmd_bad_option(argv, c);
		}
	}
	if (optind < argc)
		return cmd_usage(argv[0], "takes no argument");
	agent_block_signals(); /* from here on they wait for their turn */
	/* What is in memory (addresses, secrets) does not belong into a core dump. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	int status = cmd_load_conf(&conf, path);
	if (status != 0)
		return status;
	log_setup(conf->log_level, conf->log_json);
	return agent_run(conf, dry_run);
}
