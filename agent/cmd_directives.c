#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "agent/cmd.h"
#include "conf/directives.h"

struct directives {
	const char *path;
	bool extended, help;
};

static void print_help(void)
{
	(void)printf("Usage: pmta-shipper directives [-c FILE] [--extended]\n"
	             "Print the acct-file blocks for PowerMTA's configuration.\n\n"
	             "  -c, --config FILE  the configuration (" CONF_DEFAULT_PATH ")\n"
	             "      --extended     log further fields that help Octeth\n"
	             "      --help         print this\n");
}

/* Returns 0, or the exit status of a wrong command line. */
static int parse(int argc, char **argv, struct directives *ret)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
	                                        {"extended", no_argument, NULL, 'e'},
	                                        {"help", no_argument, NULL, 'h'},
	                                        {NULL, 0, NULL, 0}};
	*ret = (struct directives){.path = CONF_DEFAULT_PATH};
	optind = 0; /* glibc: start afresh, whoever parsed before */
	opterr = 0;
	for (;;) {
		int c = getopt_long(argc, argv, ":c:h", options, NULL);
		if (c == -1)
			break;
		if (c == 'c')
			ret->path = optarg;
		else if (c == 'e')
			ret->extended = true;
		else if (c == 'h')
			ret->help = true;
		else
			return cmd_bad_option(argv, c);
	}
	return optind < argc ? cmd_usage(argv[0], "takes no argument") : 0;
}

int cmd_directives(int argc, char **argv)
{
	struct directives directives;
	int status = parse(argc, argv, &directives);
	if (status != 0)
		return status;
	if (directives.help) {
		print_help();
		return 0;
	}
	struct conf *conf = NULL;
	status = cmd_load_conf_to_look(&conf, directives.path);
	if (status != 0)
		return status;
	int r = directives_print(conf, directives.extended, stdout);
	(void)conf_free(conf);
	if (r == 0)
		return 0;
	(void)fprintf(stderr, "pmta-shipper directives: cannot write: %s\n", strerror(-r));
	return 1;
}
