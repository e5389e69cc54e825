#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cmd/commands.h"
#include "conf/memory.h"
#include "csv/uncovered.h"
#include "follow/folder.h"
#include "rules/judge.h"

#define MANY_FILES 1000 /* fewer take less memory than is worth a word */

/* The agent waits for a folder that does not exist, but the name may be a typing mistake. */
static void print_missing(const char *path, bool file)
{
	char folder[4096];
	(void)snprintf(folder, sizeof(folder), "%s", path);
	char *slash = strrchr(folder, '/');
	if (file && slash)
		slash[slash == folder] = '\0';
	if (access(folder, F_OK) < 0)
		(void)printf("  note: folder %s: %s; the agent will wait for it\n", folder,
		             strerror(errno));
}

static void print_source(const struct conf_source *s)
{
	(void)printf("source %s: ", s->name);
	for (size_t i = 0; i < s->records.n; i++)
		(void)printf("%s%s", i > 0 ? ", " : "", s->records.v[i]);
	(void)printf(" of %s", s->acct_file);
	if (*s->move_to)
		(void)printf(", moved to %s,", s->move_to);
	(void)printf(" to endpoint %s\n", s->endpoint_name);
	print_missing(s->acct_file, true);
	if (*s->move_to)
		print_missing(s->move_to, false);
	if (conf_source_moves_nowhere(s))
		(void)printf("  warning: %s is the folder of acct-file itself: live files would be "
		             "taken for archives; set move-to to that of PowerMTA, or remove it\n",
		             s->move_to);
}

static void print_endpoint(const struct ship_conf *e)
{
	static const char *const formats[] = {"array", "object", "ndjson"};
	if (!*e->url)
		(void)printf("endpoint %s: not configured yet (url is empty): nothing is sent\n",
		             e->name);
	else
		(void)printf("endpoint %s: %s to %s, up to %u request%s in flight\n", e->name,
		             formats[e->format], e->url, e->in_flight, units_s(e->in_flight));
}

static void print_rules(const struct conf *conf, const struct rules *rules)
{
	struct rules_view v;
	if (!rules && conf->rules.n > 0)
		(void)printf("note: there is no rules file: records get no verdict\n");
	if (!rules)
		return;
	rules_view(rules, &v);
	(void)printf("rules: %zu of %zu file%s, %zu self-test%s passed, digest %s\n", v.rules,
	             v.files, units_s(v.files), v.tests, units_s(v.tests), v.digest);
}

static void on_uncovered(const struct uncovered *u, void *arg)
{
	char text[UNCOVERED_SIZE];
	(void)arg;
	if (uncovered_text(u, text))
		(void)printf("warning: %s\n", text);
}

/* A change that would lose rows, or send archives: the store has what was configured before. */
static void print_uncovered(const struct conf *conf)
{
	struct store *store;
	struct err err = {0};
	if (store_open_reader(&store, conf->state_dir, &err) < 0) {
		if (err.code != -ENOENT)
			(void)printf("note: changes of sources were not compared with the store: "
			             "%s\n",
			             err.text);
		return;
	}
	int rc = uncovered_each(conf, store, on_uncovered, NULL);
	if (rc < 0)
		(void)printf("note: changes of sources were not compared with the store: %s\n",
		             strerror(-rc));
	(void)store_close(store);
}

static int count_file(const struct folder_file *f, void *arg)
{
	(void)f;
	(*(uint64_t *)arg)++;
	return 0;
}

/* The files that are there now: each takes memory for as long as it exists. */
static uint64_t files_now(const struct conf *conf)
{
	uint64_t n = 0;
	for (size_t i = 0; i < conf->nsources; i++) {
		const struct conf_source *s = &conf->sources[i];
		const struct acct_template template = acct_template(s->acct_file);
		char folder[4096];
		int error;
		conf_source_folder(s, folder, sizeof(folder));
		/* One that cannot be read has no files for the agent either. */
		(void)!folder_each(folder, &template, count_file, &n, &error);
		if (*s->move_to)
			(void)!folder_each(s->move_to, &template, count_file, &n, &error);
	}
	return n;
}

static void print_memory(const struct conf *conf, const struct rules *rules)
{
	uint64_t files = files_now(conf);
	uint64_t bytes = conf_worst_memory(conf, files) + 2 * rules_memory(rules); /* at a reload */
	(void)printf("worst-case memory %.1f MB", (double)bytes / 1e6);
	if (files >= MANY_FILES)
		(void)printf(", with the %" PRIu64 " files that are there now", files);
	(void)putchar('\n');
}

static void print_summary(const struct conf *conf, const struct rules *rules)
{
	for (size_t i = 0; i < conf->nsources; i++)
		print_source(&conf->sources[i]);
	for (size_t i = 0; i < conf->nendpoints; i++)
		print_endpoint(&conf->endpoints[i]);
	print_rules(conf, rules);
	print_uncovered(conf);
	if (conf->unseen_credentials)
		(void)printf("note: credentials of the service were not checked: only the service "
		             "can read them\n");
	print_memory(conf, rules);
	(void)printf("%s: configuration is fine\n", conf->path);
}

int cmd_check(int argc, char **argv)
{
	const char *path = CONF_DEFAULT_PATH;
	bool print = false;
	const struct cli_option options[] = {
	        {"print", CLI_FLAG, &print, NULL,
	         "print the effective configuration, defaults included"},
	        {0}};
	const struct cli_spec spec = {
	        .usage = "[-c FILE] [--print]",
	        .about = "Check the configuration and report every mistake in it.",
	        .examples = "  pmta-shipper check -c new.conf\n"
	                    "  pmta-shipper check --print >effective.conf",
	        .options = options,
	        .config = &path,
	        .arguments = CLI_NO_ARGUMENTS};
	struct conf *conf = NULL;
	struct rules *rules = NULL;
	int status = cli_options(argc, argv, &spec);
	if (status == CLI_GO_ON)
		status = cli_load_conf_to_check(&conf, path);
	if (conf)
		status = cli_load_rules(&rules, conf);
	if (conf && status == 0 && print)
		conf_print(conf, stdout);
	else if (conf && status == 0)
		print_summary(conf, rules);
	(void)rules_free(rules);
	(void)conf_free(conf);
	return status;
}
