#include "agent/cmd.h"

#include <getopt.h>
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/verdict.h"

int cmd_usage(const char *command, const char *why)
{
	(void)fprintf(stderr, "pmta-shipper %s: %s; see 'pmta-shipper %s --help'\n", command, why,
	              command);
	return CMD_EXIT_USAGE;
}

int cmd_bad_option(char **argv, int c)
{
	char why[128];
	if (c != ':' && optopt > ' ' && optopt < 0x7f) /* one letter, perhaps among others */
		(void)snprintf(why, sizeof(why), "unknown option '-%c'", optopt);
	else
		(void)snprintf(why, sizeof(why), "%s '%s'",
		               c == ':' ? "a value is missing after" : "unknown option",
		               argv[optind - 1]);
	return cmd_usage(argv[0], why);
}

int cmd_failed(const char *text)
{
	(void)fprintf(stderr, "pmta-shipper: %s\n", text);
	return 1;
}

static void to_stderr(const char *line, void *arg)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", line);
}

int cmd_load_conf(struct conf **ret, const char *path)
{
	return conf_load(ret, path, to_stderr, NULL) < 0 ? CMD_EXIT_CONF : 0;
}

int cmd_load_conf_to_look(struct conf **ret, const char *path)
{
	return conf_load_to_look(ret, path, to_stderr, NULL) < 0 ? CMD_EXIT_CONF : 0;
}

int cmd_load_rules(struct rules **ret, const struct conf *conf)
{
	return verdict_load(ret, conf, to_stderr, NULL) < 0 ? CMD_EXIT_CONF : 0;
}

void cmd_become_owner(const char *dir)
{
	struct stat st;
	if (geteuid() != 0 || stat(dir, &st) < 0 || st.st_uid == 0)
		return;
	if (setgroups(0, NULL) < 0 || setgid(st.st_gid) < 0 || setuid(st.st_uid) < 0)
		(void)fprintf(stderr, "pmta-shipper: reading \"%s\" as root: %m\n", dir);
}

uint64_t agent_worst_memory(const struct conf *conf)
{
	uint64_t total = 4 << 20; /* libraries, SQLite's cache, the answers under way */
	for (size_t i = 0; i < conf->nendpoints; i++)
		total += ship_worst_memory(&conf->endpoints[i], conf->nsources);
	/* A buffer, a reader and letters in waiting a source. */
	total += conf->nsources * (2 * conf->record_max + 131072 + 8 * conf->record_max);
	return total + (256 << 10) + 4 * conf->record_max;
}
