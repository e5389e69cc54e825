#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd.h"
#include "agent/verdict.h"

struct check {
	const char *path;
	bool print, help;
};

static void print_help(void)
{
	(void)printf("Usage: pmta-shipper check [-c FILE] [--print]\n"
	             "Check the configuration and tell every mistake in it.\n\n"
	             "  -c, --config FILE  the configuration (" CONF_DEFAULT_PATH ")\n"
	             "      --print        print the effective configuration, defaults included\n"
	             "      --help         print this\n");
}

/* Returns 0, or the exit status of a wrong command line. */
static int parse(int argc, char **argv, struct check *ret)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
	                                        {"print", no_argument, NULL, 'p'},
	                                        {"help", no_argument, NULL, 'h'},
	                                        {NULL, 0, NULL, 0}};
	*ret = (struct check){.path = CONF_DEFAULT_PATH};
	optind = 0; /* glibc: start afresh, whoever parsed before */
	opterr = 0;
	for (;;) {
		int c = getopt_long(argc, argv, ":c:h", options, NULL);
		if (c == -1)
			break;
		if (c == 'c')
			ret->path = optarg;
		else if (c == 'p')
			ret->print = true;
		else if (c == 'h')
			ret->help = true;
		else
			return cmd_bad_option(argv, c);
	}
	return optind < argc ? cmd_usage(argv[0], "takes no argument") : 0;
}

/* A folder that does not exist is waited for, but it may be a typing mistake. */
static void print_missing(const char *path, bool file)
{
	char folder[4096];
	(void)snprintf(folder, sizeof(folder), "%s", path);
	char *slash = strrchr(folder, '/');
	if (file && slash)
		slash[slash == folder] = '\0';
	if (access(folder, F_OK) < 0)
		(void)printf("  note: folder %s: %s; it will be waited for\n", folder,
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
}

static void print_endpoint(const struct ship_conf *e)
{
	static const char *const formats[] = {"array", "object", "ndjson"};
	if (!*e->url)
		(void)printf("endpoint %s: not configured yet (url is empty): nothing is sent\n",
		             e->name);
	else
		(void)printf("endpoint %s: %s to %s, up to %u requests in flight\n", e->name,
		             formats[e->format], e->url, e->in_flight);
}

static void print_rules(const struct conf *conf, const struct rules *rules)
{
	struct rules_view v;
	if (!rules && conf->rules.n > 0)
		(void)printf("note: no file of rules is there: records get no verdict\n");
	if (!rules)
		return;
	rules_view(rules, &v);
	(void)printf("rules: %zu of %zu files, %zu self-tests passed, digest %s\n", v.rules,
	             v.files, v.tests, v.digest);
}

static void print_summary(const struct conf *conf, const struct rules *rules)
{
	uint64_t memory = agent_worst_memory(conf) + 2 * rules_memory(rules); /* at a reload */
	for (size_t i = 0; i < conf->nsources; i++)
		print_source(&conf->sources[i]);
	for (size_t i = 0; i < conf->nendpoints; i++)
		print_endpoint(&conf->endpoints[i]);
	print_rules(conf, rules);
	(void)printf("worst-case memory %.1f MB\n", (double)memory / 1e6);
	(void)printf("%s: configuration is fine\n", conf->path);
}

int cmd_check(int argc, char **argv)
{
	struct check check;
	int status = parse(argc, argv, &check);
	if (status != 0)
		return status;
	if (check.help) {
		print_help();
		return 0;
	}
	struct conf *conf = NULL;
	struct rules *rules = NULL;
	status = cmd_load_conf(&conf, check.path);
	if (status == 0)
		status = cmd_load_rules(&rules, conf);
	if (status == 0 && check.print)
		conf_print(conf, stdout);
	else if (status == 0)
		print_summary(conf, rules);
	(void)rules_free(rules);
	(void)conf_free(conf);
	if (status != 0)
		return status;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	(void)fprintf(stderr, "pmta-shipper check: cannot write: %s\n", strerror(errno));
	return 1;
}
