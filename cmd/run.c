#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cmd/commands.h"
#include "logstash/detect.h"
#include "service/process.h"
#include "service/signals.h"

static bool logstash_is_there(const struct conf *conf, char *ret_where, size_t size)
{
	return logstash_reads("", conf, ret_where, size);
}

int cmd_run(int argc, char **argv)
{
	const char *path = CONF_DEFAULT_PATH;
	bool dry_run = false;
	const struct cli_option options[] = {{"dry-run", CLI_FLAG, &dry_run, NULL,
	                                      "read, encode and count, but send nothing; uses its "
	                                      "own store, so it can run next to another shipper"},
	                                     {0}};
	const struct cli_spec spec = {
	        .usage = "[-c FILE] [--dry-run]",
	        .about = "Follow PowerMTA's accounting files and deliver their records until "
	                 "SIGTERM. SIGHUP reads the configuration again.",
	        .examples = "  pmta-shipper run -c test.conf\n"
	                    "  pmta-shipper run --dry-run",
	        .options = options,
	        .config = &path,
	        .arguments = CLI_NO_ARGUMENTS};
	struct conf *conf;
	int status = cli_options(argc, argv, &spec);
	if (status != CLI_GO_ON)
		return status;
	process_raise_files();
	signals_block(); /* from now on the agent's loop takes them */
	status = cli_load_conf(&conf, path);
	if (status != 0)
		return status;
	log_setup(conf->log_level, conf->log_json);
	uid_t before = geteuid();
	status = cli_become_owner_to_run(conf);
	if (status != 0) {
		(void)conf_free(conf);
		return status;
	}
	if (geteuid() != before)
		log_info("started by root: continuing as user %u, who owns state-dir \"%s\"",
		         (unsigned)geteuid(), conf->state_dir);
	/*
	 * Memory has addresses and secrets, which must not get into a core dump.  After becoming
	 * another user, because that resets it.
	 */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	const struct agent_options how = {.dry_run = dry_run, .other_reader = logstash_is_there};
	return agent_run(conf, &how);
}
