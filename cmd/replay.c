#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "archive/replay.h"
#include "archive/replay_count.h"
#include "base/clock.h"
#include "base/scope.h"
#include "base/shell.h"
#include "base/units.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cmd/commands.h"
#include "rules/judge.h"

/* ---- messages at the beginning and the end ---- */

static void print_quoted(const char *arg)
{
	scope_free char *quoted = shell_quoted(arg);
	(void)fprintf(stderr, " %s", quoted ? quoted : arg);
}

static void print_time(const char *option, int64_t ms, int64_t open)
{
	char iso[CLOCK_ISO_SIZE];
	if (ms == open)
		return;
	clock_iso(ms, iso);
	(void)fprintf(stderr, " %s %s", option, iso);
}

/* Prints the command that continues this replay. */
static void say_how_to_continue(const struct replay_job *job, bool yes)
{
	(void)fprintf(stderr, "replay: to continue: pmta-shipper replay -c");
	print_quoted(job->conf_path);
	(void)fprintf(stderr, job->undelivered ? " --undelivered" : yes ? " --yes" : "");
	print_time("--since", job->since_ms, INT64_MIN);
	print_time("--until", job->until_ms, INT64_MAX);
	for (int i = 0; i < job->nargs; i++)
		print_quoted(job->args[i]);
	(void)fputc('\n', stderr);
}

static void say_begin(struct replay *r, bool goes_on)
{
	size_t done = 0;
	for (size_t i = 0; i < r->files.n; i++)
		done += r->files.v[i].done;
	replay_say(r, "%zu file%s, %.1f MiB", r->files.n, units_s(r->files.n),
	           (double)r->bytes_total / (1 << 20));
	if (goes_on)
		replay_say(r,
		           "continuing where it stopped: %zu file%s done, %" PRIu64
		           " record%s delivered (--restart sends everything again)",
		           done, done == 1 ? " is" : "s are", r->kept.delivered,
		           r->kept.delivered == 1 ? " was" : "s were");
	for (size_t i = 0; i < r->conf->nendpoints; i++) {
		if (r->ask_ms[i] >= 0 && r->shares[i].agent)
			replay_say(r, "endpoint %s: shared with the running agent",
			           r->conf->endpoints[i].name);
	}
}

static int say_end(struct replay *r, bool yes)
{
	size_t left = 0;
	for (size_t i = 0; i < r->files.n; i++)
		left += !r->files.v[i].done;
	progress_clear(&r->bar);
	(void)printf("replay: %" PRIu64 " record%s delivered%s", r->delivered,
	             units_s(r->delivered),
	             r->before > 0 || r->kept.delivered > r->delivered ? " now" : "");
	if (r->kept.delivered > r->delivered)
		(void)printf(" (%" PRIu64 " in all)", r->kept.delivered);
	(void)printf(", %" PRIu64 " refused, %" PRIu64 " row%s, %" PRIu64
	             " of other types or times, in %" PRId64 " s\n",
	             r->refused, r->bad, r->bad == 1 ? " was no record" : "s were no records",
	             r->passed, (clock_mono_ms() - r->started_ms) / 1000);
	if (r->job->undelivered)
		(void)printf("replay: %" PRIu64 " record%s left out: known as delivered\n",
		             r->left_out, units_s(r->left_out));
	if (r->partial > 0)
		(void)printf("replay: the receiver reported failures for %" PRIu64
		             " delivered record%s\n",
		             r->partial, units_s(r->partial));
	(void)fflush(stdout);
	if (left > 0) {
		(void)fprintf(stderr, "replay: not finished: %zu of %zu file%s %s not done\n", left,
		              r->files.n, units_s(r->files.n), left == 1 ? "is" : "are");
		say_how_to_continue(r->job, yes);
	}
	return left > 0 || r->refused + r->bad + r->partial > 0;
}

/* ---- what has been delivered already ---- */

static bool answer_is_yes(void)
{
	char line[16] = "";
	(void)fprintf(stderr, "replay: send them again? [y/N] ");
	(void)fflush(stderr);
	if (!fgets(line, sizeof(line), stdin))
		return false;
	return strcmp(line, "y\n") == 0 || strcmp(line, "yes\n") == 0;
}

/* Returns 0 to go on, or the exit status. */
static int ask(const struct replay_known *k)
{
	if (k->delivered + k->unclear == 0)
		return 0;
	(void)fprintf(stderr, "replay: %" PRIu64 " of %" PRIu64 " records %s delivered already",
	              k->delivered, k->rows, k->delivered == 1 ? "was" : "were");
	if (k->unclear > 0)
		(void)fprintf(stderr, ", and it is not recorded of %" PRIu64 " more if they were",
		              k->unclear);
	(void)fprintf(stderr, "; a receiver may count a bounce that arrives twice as two\n");
	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && answer_is_yes())
		return 0;
	(void)fprintf(stderr, "replay: nothing was sent; --undelivered sends only the records that "
	                      "are not known as delivered, --yes sends all\n");
	return CLI_EXIT_USAGE;
}

/* The progress of an earlier run is loaded: its records are not counted again. */
static int look_if_delivered(struct replay *r, bool yes)
{
	struct err err = {0};
	if (yes && !r->job->undelivered)
		return 0;
	if (replay_known_open(&r->known, r->conf, r->job, r->rules, &err) < 0)
		return cli_failed(err.text);
	if (r->job->undelivered)
		return 0;
	if (replay_known_count(&r->known, &r->files) < 0)
		return cli_failed("out of memory");
	return ask(&r->known);
}

/* ---- running it ---- */

static int deliver(struct replay *r, bool anew, bool yes)
{
	struct err err = {0};
	bool goes_on;
	int status = 1;
	int rc = replay_progress_open(&r->kept, r->conf, r->job, anew, &r->files, &goes_on, &err);
	int refused = rc == 0 ? look_if_delivered(r, yes) : 0;
	if (refused != 0) {
		replay_progress_close(&r->kept);
		return refused;
	}
	if (rc == 0)
		rc = replay_open(r, &err);
	if (rc == 0) {
		say_begin(r, goes_on);
		replay_deliver(r);
	}
	if (rc < 0)
		status = cli_failed(err.text);
	replay_close(r);
	if (rc == 0) {
		status = say_end(r, yes);
		bool all = true;
		for (size_t i = 0; i < r->files.n; i++)
			all = all && r->files.v[i].done;
		if (all)
			replay_progress_remove(&r->kept);
	}
	replay_progress_close(&r->kept);
	return rc == -EDESTADDRREQ ? CLI_EXIT_CONF : status;
}

/* Secrets are read, and the progress is written, as the service's user. */
static int load(struct conf **ret, const struct replay_job *job, bool dry_run)
{
	int status = cli_load_conf_to_look(ret, job->conf_path);
	if (status != 0)
		return status;
	status = cli_become_owner((*ret)->state_dir);
	if (dry_run || status != 0)
		return dry_run ? 0 : status;
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	*ret = conf_free(*ret);
	return cli_load_conf(ret, job->conf_path);
}

static int count_only(struct replay *r)
{
	struct err err = {0};
	if (r->job->undelivered &&
	    replay_known_open(&r->known, r->conf, r->job, r->rules, &err) < 0)
		return cli_failed(err.text);
	return replay_count(r->conf, r->job, &r->files, &r->known);
}

static int run(const struct replay_job *job, bool dry_run, bool anew, bool yes)
{
	struct replay r = {.job = job, .signal_fd = -1, .kept = {.lock = -1}};
	struct err err = {0};
	struct conf *conf;
	int status = load(&conf, job, dry_run);
	if (status != 0)
		return status;
	r.conf = conf;
	status = cli_load_rules(&r.rules, conf);
	if (status == 0 && replay_files(&r.files, conf, job, &err) < 0)
		status = cli_failed(err.text);
	else if (status == 0 && dry_run)
		status = count_only(&r);
	else if (status == 0)
		status = deliver(&r, anew, yes);
	replay_known_close(&r.known);
	replay_files_free(&r.files);
	(void)rules_free(r.rules);
	(void)conf_free(conf);
	return status;
}

int cmd_replay(int argc, char **argv)
{
	struct replay_job job = {
	        .conf_path = CONF_DEFAULT_PATH, .since_ms = INT64_MIN, .until_ms = INT64_MAX};
	bool dry_run = false, anew = false, yes = false;
	const struct cli_option options[] = {
	        {"since", CLI_TIME, &job.since_ms, "T",
	         "only records with timeLogged at or after T"},
	        {"until", CLI_TIME, &job.until_ms, "T", "only records with timeLogged before T"},
	        {"dry-run", CLI_FLAG, &dry_run, NULL, "send nothing, print counts by day and type"},
	        {"undelivered", CLI_FLAG, &job.undelivered, NULL,
	         "leave out records that are known as delivered"},
	        {"yes", CLI_FLAG, &yes, NULL, "send also those, without asking"},
	        {"restart", CLI_FLAG, &anew, NULL, "start from the beginning"},
	        {0}};
	const struct cli_spec spec = {
	        .usage = "[-c FILE] [--since T] [--until T] [--dry-run] [--undelivered | --yes] "
	                 "[--restart] CSV...",
	        .about = "Deliver archived files (also .gz) again, with the same eventIds. A "
	                 "running agent leaves it half of the endpoint's limits. After Ctrl-C the "
	                 "same command continues where it stopped. If some of the records were "
	                 "delivered already, it asks first; without a terminal it sends nothing.",
	        .examples = "  pmta-shipper replay --dry-run "
	                    "'/var/log/pmta/accounting/bounces/*2026-11-2*'\n"
	                    "  pmta-shipper replay --since 2026-11-21T08:00:00Z "
	                    "--until 2026-11-21T09:30:00Z bounces-2026-11-21-*.csv.gz",
	        .options = options,
	        .config = &job.conf_path,
	        .arguments = "give at least one file"};
	int status = cli_options(argc, argv, &spec);
	if (status != CLI_GO_ON)
		return status;
	if (job.since_ms >= job.until_ms)
		return cli_usage(argv[0], "--since must be before --until");
	if (job.undelivered && yes)
		return cli_usage(argv[0], "--undelivered or --yes, not both");
	job.args = argv + optind;
	job.nargs = argc - optind;
	return run(&job, dry_run, anew, yes);
}
