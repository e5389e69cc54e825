#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive/trace.h"
#include "archive/trace_print.h"
#include "base/units.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cmd/commands.h"
#include "rules/judge.h"

static int print(const struct trace *t, bool raw, bool json)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < t->n; i++)
		rc = trace_print(&t->rows[i], raw, json);
	if (rc < 0)
		return cli_failed("out of memory");
	if (t->full)
		(void)fprintf(stderr,
		              "pmta-shipper: more than %d rows match, not all are shown; is it the "
		              "address of one subscriber?\n",
		              TRACE_ROWS_MAX);
	if (t->n == 0)
		(void)fprintf(stderr, "pmta-shipper: no row about it in %zu file%s%s\n",
		              t->catalog.nfiles, units_s(t->catalog.nfiles),
		              t->store ? " and the dead letters" : "; there is no store");
	return t->n == 0 || t->unreadable > 0 || t->full;
}

static int run(struct trace *t, bool raw, bool json)
{
	struct err err = {0};
	(void)cli_become_owner(t->conf->state_dir);
	int rc = store_open_reader(&t->store, t->conf->state_dir, &err);
	if (rc == -ENOENT) /* its rows can still be shown */
		t->store = NULL;
	else if (rc < 0)
		return cli_failed(err.text);
	rc = trace_search(t);
	int status = rc == 0         ? print(t, raw, json)
	             : rc == -ENOMEM ? cli_failed("out of memory")
	                             : cli_failed(t->store ? store_error(t->store)
	                                                   : "the files cannot be read");
	(void)store_close(t->store);
	return status;
}

int cmd_trace(int argc, char **argv)
{
	const char *path = CONF_DEFAULT_PATH;
	bool raw = false, json = false;
	const struct cli_option options[] = {
	        {"raw", CLI_FLAG, &raw, NULL, "show mail addresses unmasked"},
	        {"json", CLI_FLAG, &json, NULL, "print one JSON object per line"},
	        {0}};
	const struct cli_spec spec = {
	        .usage = "[-c FILE] [--raw] [--json] ADDRESS|EVENTID",
	        .about = "Print every row about an address, or with that eventId, in the live and "
	                 "moved files and the dead letters, oldest first, and its fate. Exit "
	                 "status 1 if there is none.",
	        .examples = "  pmta-shipper trace bob@example.org",
	        .options = options,
	        .config = &path,
	        .arguments = "which address or eventId?"};
	struct trace t = {0};
	struct conf *conf;
	int status = cli_options(argc, argv, &spec);
	if (status != CLI_GO_ON)
		return status;
	if (optind + 1 < argc)
		return cli_usage(argv[0], "one address or eventId at a time");
	int rc = trace_target(&t, argv[optind]);
	if (rc < 0)
		return rc == -EINVAL ? cli_usage(argv[0], "that is neither an address nor an "
		                                          "eventId of 32 hexadecimal digits")
		                     : cli_failed("out of memory");
	status = cli_load_conf_to_look(&conf, path);
	if (status == 0) {
		t.conf = conf;
		status = cli_load_rules(&t.rules, conf);
		if (status == 0)
			status = run(&t, raw, json);
		(void)rules_free(t.rules);
		(void)conf_free(conf);
	}
	trace_close(&t);
	return status;
}
