#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cmd/commands.h"

#define ASK_EVERY_MS 250
#define REPORT_EVERY_MS 10000

/* Asks the agent until nothing is left, or time is up. */
static int wait_until_empty(const struct conf *conf, uint64_t timeout_ms)
{
	int64_t begun = clock_mono_ms(), reported = 0;
	for (;;) {
		struct err err = {0};
		char *words;
		int status;
		int64_t now = clock_mono_ms();
		if (ask_agent(conf, ASK_QUESTION, "/drain", &status, &words, &err) < 0)
			return ask_no_agent(&err);
		bool empty = status == 0;
		bool over = timeout_ms > 0 && now - begun >= (int64_t)timeout_ms;
		if (empty)
			(void)printf("drained: %s", words);
		else if (over)
			(void)fprintf(stderr, "pmta-shipper: not drained in time: %s", words);
		else if (now - reported >= REPORT_EVERY_MS)
			(void)fprintf(stderr, "waiting: %s", words);
		if (now - reported >= REPORT_EVERY_MS)
			reported = now;
		free(words);
		if (empty || over)
			return empty ? 0 : 1;
		(void)usleep(ASK_EVERY_MS * 1000);
	}
}

int cmd_drain(int argc, char **argv)
{
	const char *path = CONF_DEFAULT_PATH;
	uint64_t timeout_ms = 0;
	const struct cli_option options[] = {
	        {"timeout", CLI_SPAN, &timeout_ms, "T", "give up after T, with exit status 1"},
	        {0}};
	const struct cli_spec spec = {
	        .usage = "[-c FILE] [--timeout T]",
	        .about = "For retiring a host: wait until nothing is behind or in flight; exit "
	                 "status 0 only then. Stop PowerMTA first, otherwise new rows keep "
	                 "arriving.",
	        .examples = "  pmta-shipper drain --timeout 10m && systemctl stop pmta-shipper",
	        .options = options,
	        .config = &path,
	        .arguments = CLI_NO_ARGUMENTS};
	struct conf *conf;
	int status = cli_options(argc, argv, &spec);
	if (status != CLI_GO_ON)
		return status;
	status = cli_load_conf_to_look(&conf, path);
	if (status != 0)
		return status;
	status = wait_until_empty(conf, timeout_ms);
	(void)conf_free(conf);
	return status;
}
