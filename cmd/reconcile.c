#include <errno.h>

#include "archive/reconcile.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cmd/commands.h"

struct reconcile {
	const char *conf_path, *log_path, *pattern;
	struct reconcile_job job;
};

static int run(struct reconcile *o, const struct conf *conf)
{
	struct err err = {0};
	struct store *store;
	bool good;
	int status = cli_open_store(&store, conf);
	if (status != 0)
		return status;
	int rc = reconcile_print(&o->job, conf, store, &good, &err);
	(void)store_close(store);
	return rc < 0 ? cli_failed(err.text) : !good;
}

/* Call before root becomes the service's user, who may be unable to read PowerMTA's log. */
static int read_log(struct reconcile *o, const struct conf *conf)
{
	struct err err = {0};
	o->job.logged = o->log_path != NULL;
	if (!o->log_path)
		return 0;
	int rc = move_log_read(&o->job.log, conf, o->log_path, o->pattern, &err);
	if (rc == -EINVAL)
		return cli_usage("reconcile", err.text);
	return rc < 0 ? cli_failed(err.text) : 0;
}

int cmd_reconcile(int argc, char **argv)
{
	struct reconcile o = {.conf_path = CONF_DEFAULT_PATH,
	                      .pattern = MOVE_LOG_PATTERN,
	                      .job = {.from_ms = INT64_MIN, .to_ms = INT64_MAX}};
	const struct cli_option options[] = {
	        {"pmta-log", CLI_TEXT, &o.log_path, "FILE",
	         "PowerMTA's log; needs 'count-moved-records yes' in PowerMTA"},
	        {"pattern", CLI_TEXT, &o.pattern, "REGEX",
	         "matches its lines; two groups, the file and the number"},
	        {"from", CLI_TIME, &o.job.from_ms, "T",
	         "only files of the day of T, and later ones"},
	        {"to", CLI_TIME, &o.job.to_ms, "T", "only files of days that begin before T"},
	        {0}};
	const struct cli_spec spec = {
	        .usage = "[-c FILE] [--pmta-log FILE] [--pattern REGEX] [--from T] [--to T]",
	        .about = "Compare, file by file, what PowerMTA wrote with what was read and "
	                 "delivered. Without --pmta-log the records of the moved files are "
	                 "counted. Exit status 1 if any file differs.",
	        .examples =
	                "  pmta-shipper reconcile --pmta-log /var/log/pmta/log --from 2026-11-20",
	        .options = options,
	        .config = &o.conf_path,
	        .arguments = CLI_NO_ARGUMENTS};
	struct conf *conf;
	int status = cli_options(argc, argv, &spec);
	if (status == CLI_GO_ON && o.job.from_ms >= o.job.to_ms)
		return cli_usage(argv[0], "--from must be before --to");
	if (status != CLI_GO_ON)
		return status;
	status = cli_load_conf_to_look(&conf, o.conf_path);
	if (status != 0)
		return status;
	status = read_log(&o, conf);
	if (status == 0)
		status = run(&o, conf);
	move_log_free(&o.job.log);
	(void)conf_free(conf);
	return status;
}
