#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/cmd.h"

/* The running agent's own words.  Returns the exit status, or -1 when none answers. */
static int from_agent(const struct conf *conf, bool json)
{
	struct err err = {0};
	char *body;
	if (ship_ask_agent(conf->runtime_dir, false, json ? "/status" : "/status.txt", &body,
	                   &err) < 0)
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
	const char *path = CONF_DEFAULT_PATH;
	bool json = false;
	const struct cmd_option options[] = {{"json", CMD_FLAG, &json, NULL, "for programs"}, {0}};
	const struct cmd_spec spec = {
	        .usage = "[-c FILE] [--json]",
	        .about = "What has been read, delivered and held; of the running agent, or else of "
	                 "its\n"
	                 "store.  Exit status 1 when something needs attention.",
	        .options = options,
	        .config = &path,
	        .arguments = CMD_NO_ARGUMENTS};
	struct conf *conf;
	int status = cmd_options(argc, argv, &spec);
	if (status == CMD_GO_ON)
		status = cmd_load_conf_to_look(&conf, path);
	else
		return status;
	if (status != 0)
		return status;
	status = from_agent(conf, json);
	if (status < 0)
		status = from_store(conf, json);
	(void)conf_free(conf);
	return status;
}
