#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "archive/store_view.h"
#include "base/clock.h"
#include "base/paint.h"
#include "base/scope.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "cmd/commands.h"
#include "ship/ship.h"
#include "status/json.h"
#include "status/nagios.h"
#include "status/problems.h"
#include "status/text.h"

#define INTERVAL_MIN_MS 100
#define WARN_BEHIND_MS 300000
#define CRIT_BEHIND_MS 1800000

enum form { FORM_TEXT, FORM_JSON, FORM_CHECK };

struct look {
	const struct conf *conf;
	enum form form;
	bool colour; /* the text has marks for colours */
	struct nagios_limits limits;
};

/* Gets the running agent's answer.  Returns the exit status, or CLI_GO_ON if none answers. */
static int from_agent(const struct look *o, char **ret, struct err *why)
{
	static const char *const paths[] = {"/status.txt", "/status?exit=1", "/check"};
	char path[96];
	int status;
	int n = snprintf(path, sizeof(path), "%s", paths[o->form]);
	if (o->form == FORM_TEXT && o->colour)
		(void)snprintf(path + n, sizeof(path) - (size_t)n, "?marks=1");
	if (o->form == FORM_CHECK)
		(void)snprintf(path + n, sizeof(path) - (size_t)n, "?warn=%ju&crit=%ju",
		               (uintmax_t)o->limits.warn_ms, (uintmax_t)o->limits.crit_ms);
	if (ask_agent(o->conf, ASK_QUESTION, path, &status, ret, why) < 0)
		return CLI_GO_ON;
	return status;
}

static int rendered(const struct look *o, const struct view *v, char **ret)
{
	enum nagios verdict = NAGIOS_UNKNOWN;
	if (o->form == FORM_CHECK) {
		*ret = nagios_line(v, &o->limits, &verdict);
		return (int)verdict;
	}
	*ret = o->form == FORM_JSON ? status_json(v) : status_text(v, o->colour);
	return problems_count(v) == 0 ? 0 : 1;
}

static int from_store(const struct look *o, char **ret, struct err *why)
{
	struct store *store;
	struct view v = {0};
	(void)cli_become_owner(o->conf->state_dir);
	int rc = store_open_reader(&store, o->conf->state_dir, why);
	if (rc < 0)
		return rc;
	rc = store_view(&v, o->conf, store);
	int status = rc < 0 ? rc : rendered(o, &v, ret);
	if (rc < 0)
		(void)err_set(why, rc, "%s", store_error(store));
	else if (!*ret)
		status = err_set(why, -ENOMEM, "out of memory");
	view_free(&v);
	(void)store_close(store);
	return status;
}

/* Returns the exit status, with *ret for standard output, or a negative errno, with why set. */
static int look(const struct look *o, char **ret, struct err *why)
{
	struct err agent = {0}, store = {0};
	*ret = NULL;
	int status = from_agent(o, ret, &agent);
	if (status != CLI_GO_ON)
		return status;
	status = from_store(o, ret, &store);
	/* The store may be shown under the name of an agent that is not its own. */
	if (status >= 0 && agent.code == -EXDEV && o->form != FORM_CHECK)
		(void)fprintf(stderr, "pmta-shipper: %s; this is the store\n", agent.text);
	/* It may be running, if only this user may not connect to it. */
	if (status < 0 && (agent.code == -EACCES || agent.code == -EXDEV))
		return err_set(why, status, "%s; %s", agent.text, store.text);
	return status < 0 ? err_set(why, status, "not running: %s", store.text) : status;
}

static int once(const struct look *o)
{
	struct err why = {0};
	scope_free char *text = NULL;
	int status = look(o, &text, &why);
	if (status >= 0) {
		terminal_paint(stdout, text);
		return status;
	}
	if (o->form == FORM_CHECK) {
		(void)printf("PMTA-SHIPPER UNKNOWN: %s\n", why.text);
		return NAGIOS_UNKNOWN;
	}
	return cli_failed(why.text);
}

/* ---- --watch ---- */

static void on_end(int number)
{
	(void)number;
	_exit(0);
}

/* Without a terminal: prints a line each time, until nobody reads any more. */
static int watch_lines(struct look *o, int64_t interval_ms)
{
	const struct timespec interval = {interval_ms / 1000, interval_ms % 1000 * 1000000};
	o->form = FORM_CHECK;
	(void)signal(SIGINT, on_end);
	(void)signal(SIGTERM, on_end);
	for (;;) {
		char when[CLOCK_ISO_SIZE];
		clock_iso(clock_real_ms(), when);
		(void)printf("%s ", when);
		(void)once(o);
		if (fflush(stdout) != 0)
			return 1;
		(void)nanosleep(&interval, NULL);
	}
}

static int watch_screen(const struct look *o, int64_t interval_ms)
{
	struct err err = {0};
	char footer[96], when[CLOCK_ISO_SIZE];
	bool more = true;
	if (terminal_open(&err) < 0)
		return cli_failed(err.text);
	while (more) {
		struct err why = {0};
		scope_free char *text = NULL;
		if (look(o, &text, &why) < 0 &&
		    asprintf(&text, "%s: %s\n",
		             o->colour ? PAINT_PROBLEM "PROBLEM" PAINT_END : "PROBLEM",
		             why.text) < 0)
			text = NULL;
		clock_iso(clock_real_ms(), when);
		(void)snprintf(footer, sizeof(footer), "q: quit  %s", when);
		if (!text || terminal_draw(text, footer) < 0)
			break;
		more = terminal_wait(interval_ms);
	}
	terminal_close();
	return more ? cli_failed("out of memory") : 0;
}

static const char *wrong(bool json, bool check, bool watch, const struct nagios_limits *limits,
                         bool limits_set, uint64_t interval_ms)
{
	if (json + check + watch > 1)
		return "use only one of --json, --check and --watch";
	if (limits_set && !check)
		return "--warn-behind and --crit-behind require --check";
	if (limits->warn_ms > limits->crit_ms)
		return "--warn-behind is longer than --crit-behind";
	if (interval_ms != 0 && !watch)
		return "--interval requires --watch";
	if (watch && interval_ms != 0 && interval_ms < INTERVAL_MIN_MS)
		return "--interval must be at least 100ms";
	return NULL;
}

/* A limit that is not given (UINT64_MAX) has its default, unless the other limit is beyond it. */
static struct nagios_limits limits_of(uint64_t warn, uint64_t crit)
{
	struct nagios_limits limits = {warn, crit};
	if (warn == UINT64_MAX)
		limits.warn_ms = crit < WARN_BEHIND_MS ? crit : WARN_BEHIND_MS;
	if (crit == UINT64_MAX)
		limits.crit_ms = limits.warn_ms > CRIT_BEHIND_MS ? limits.warn_ms : CRIT_BEHIND_MS;
	return limits;
}

int cmd_status(int argc, char **argv)
{
	const char *path = CONF_DEFAULT_PATH;
	bool json = false, check = false, watch = false;
	uint64_t warn = UINT64_MAX, crit = UINT64_MAX, interval = 0;
	const struct cli_option options[] = {
	        {"json", CLI_FLAG, &json, NULL, "print JSON for programs"},
	        {"check", CLI_FLAG, &check, NULL, "print one line for Nagios, Zabbix and others"},
	        {"warn-behind", CLI_SPAN, &warn, "T",
	         "with --check: exit status 1 from lag T (5m)"},
	        {"crit-behind", CLI_SPAN, &crit, "T",
	         "with --check: exit status 2 from lag T (30m)"},
	        {"watch", CLI_FLAG, &watch, NULL, "show it repeatedly, until q or Ctrl-C"},
	        {"interval", CLI_SPAN, &interval, "T", "with --watch: the interval (1s)"},
	        {0}};
	const struct cli_spec spec = {
	        .usage = "[-c FILE] [--json]\n"
	                 "[-c FILE] --check [--warn-behind T] [--crit-behind T]\n"
	                 "[-c FILE] --watch [--interval T]",
	        .about = "Show what was read, delivered and held, from the running agent or its "
	                 "store. Exit status 1 if something needs attention; with --check 0 ok, 1 "
	                 "warning, 2 critical, 3 unknown.",
	        .examples = "  pmta-shipper status\n"
	                    "  pmta-shipper status --watch --interval 5s\n"
	                    "  pmta-shipper status --check --warn-behind 10m --crit-behind 1h\n"
	                    "  pmta-shipper status --json | jq '.sources[].secondsBehind'",
	        .options = options,
	        .config = &path,
	        .arguments = CLI_NO_ARGUMENTS};
	struct conf *conf;
	int status = cli_options(argc, argv, &spec);
	if (status != CLI_GO_ON)
		return status;
	bool limits_set = warn != UINT64_MAX || crit != UINT64_MAX;
	struct look o = {.form = json    ? FORM_JSON
	                         : check ? FORM_CHECK
	                                 : FORM_TEXT,
	                 .colour = terminal_colour(),
	                 .limits = limits_of(warn, crit)};
	const char *why = wrong(json, check, watch, &o.limits, limits_set, interval);
	if (why)
		return cli_usage(argv[0], why);
	status = cli_load_conf_to_look(&conf, path);
	if (status != 0 && check) {
		(void)printf("PMTA-SHIPPER UNKNOWN: the configuration \"%s\" is wrong\n", path);
		return NAGIOS_UNKNOWN;
	}
	if (status != 0)
		return status;
	o.conf = conf;
	interval = interval != 0 ? interval : 1000;
	if (watch)
		status = terminal_there() ? watch_screen(&o, (int64_t)interval)
		                          : watch_lines(&o, (int64_t)interval);
	else
		status = once(&o);
	(void)conf_free(conf);
	return status;
}
