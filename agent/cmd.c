#include "agent/cmd.h"

#include <getopt.h>
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

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

void cmd_become_owner(const char *dir)
{
	struct stat st;
	if (geteuid() != 0 || stat(dir, &st) < 0 || st.st_uid == 0)
		return;
	(void)!setgroups(0, NULL);
	(void)!setgid(st.st_gid);
	(void)!setuid(st.st_uid);
}
