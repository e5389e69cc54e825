#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/cmd.h"

struct options {
	const char *path;
	bool json, help;
};

static void print_help(void)
{
	(void)printf(
	        "Usage: pmta-shipper status [-c FILE] [--json]\n"
	        "What has been read, delivered and held; of the running agent, or else of its\n"
	        "store.  Exit status 1 when something needs attention.\n\n"
	        "  -c, --config FILE  the configuration (" CONF_DEFAULT_PATH ")\n"
	        "      --json         for programs\n"
	        "      --help         print this\n");
}

static int parse(int argc, char **argv, struct options *ret)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
	                                        {"json", no_argument, NULL, 'j'},
	                                        {"help", no_argument, NULL, 'h'},
	                                        {NULL, 0, NULL, 0}};
	int c;
	*ret = (struct options){.path = CONF_DEFAULT_PATH};
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":c:h", options, NULL)) != -1) {
		if (c == 'c')
			ret->path = optarg;
		else if (c == 'j')
			ret->json = true;
		else if (c == 'h')
			ret->help = true;
		else
			return cmd_bad_option(argv, c);
	}
	return optind < argc ? cmd_usage(argv[0], "takes no argument") : 0;
}

/* The running agent's own words.  Returns the exit status, or -1 when none answers. */
static int from_agent(const struct conf *conf, bool json)
{
	struct err err = {0};
	char *body;
	if (ship_ask_agent(conf->runtime_dir, json ? "/status" : "/status.txt", &body, &err) < 0)
		return -1;
	int status = json ? strstr(body, "\"problems\":0,") == NULL : body[0] != '0';
	(void)fputs(json ? body : body + 2, stdout);
	free(body);
	return status;
}

static int from_store(const struct conf *conf, bool json)
{
	struct err err = {0};
	struct store *store;
	struct view v;
	cmd_become_owner(conf->state_dir);
	if (store_open_reader(&store, conf->state_dir, &err) < 0) {
		(void)fprintf(stderr, "pmta-shipper: not running, and %s\n", err.text);
		return 1;
	}
	int rc = view_of_store(&v, conf, store);
	char *text = rc < 0 ? NULL : json ? status_json(&v) : status_text(&v);
	int status = text && view_problems(&v) == 0 ? 0 : 1;
	if (text)
		(void)fputs(text, stdout);
	else
		(void)cmd_failed(rc < 0 ? store_error(store) : "out of memory");
	free(text);
	view_free(&v);
	(void)store_close(store);
	return status;
}

int cmd_status(int argc, char **argv)
{
	struct options o;
	struct conf *conf;
	int status = parse(argc, argv, &o);
	if (status != 0)
		return status;
	if (o.help) {
		print_help();
		return 0;
	}
	status = cmd_load_conf_to_look(&conf, o.path);
	if (status != 0)
		return status;
	status = from_agent(conf, o.json);
	if (status < 0)
		status = from_store(conf, o.json);
	(void)conf_free(conf);
	return status;
}
