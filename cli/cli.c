#include "cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/ask.h"
#include "rules/judge.h"

const char CLI_NO_ARGUMENTS[] = "takes no argument";

int cli_usage(const char *command, const char *why)
{
	bool asks = *why && why[strlen(why) - 1] == '?';
	(void)fprintf(stderr, "pmta-shipper %s: %s%s 'pmta-shipper %s --help'\n", command, why,
	              asks ? " See" : "; see", command);
	return CLI_EXIT_USAGE;
}

int cli_failed(const char *text)
{
	(void)fprintf(stderr, "pmta-shipper: %s\n", text);
	return 1;
}

static void to_stderr(const char *line, void *arg)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", line);
}

int cli_load_conf(struct conf **ret, const char *path)
{
	return conf_load(ret, path, to_stderr, NULL) < 0 ? CLI_EXIT_CONF : 0;
}

int cli_load_conf_to_look(struct conf **ret, const char *path)
{
	return conf_load_to_look(ret, path, to_stderr, NULL) < 0 ? CLI_EXIT_CONF : 0;
}

int cli_load_rules(struct rules **ret, const struct conf *conf)
{
	return judge_load(ret, conf, to_stderr, NULL) < 0 ? CLI_EXIT_CONF : 0;
}

int cli_load_conf_to_check(struct conf **ret, const char *path)
{
	return conf_load_to_check(ret, path, to_stderr, NULL) < 0 ? CLI_EXIT_CONF : 0;
}

static int ask(const struct conf *conf, bool tell, const char *path, struct err *ret_why)
{
	char *body;
	if (ask_agent(conf->runtime_dir, tell, path, &body, ret_why) < 0)
		return CLI_GO_ON;
	int status = body[0] == '0' ? 0 : 1;
	const char *words = body[0] != '\0' && body[1] == '\n' ? body + 2 : body;
	(void)fputs(words, tell && status != 0 ? stderr : stdout);
	free(body);
	return status;
}

int ask_print(const struct conf *conf, const char *path, struct err *ret_why)
{
	return ask(conf, false, path, ret_why);
}

int ask_no_agent(const struct err *why)
{
	(void)fprintf(stderr, "pmta-shipper: %s; %s\n", why->text,
	              why->code == -EACCES
	                      ? "do it as root, or as the user of the service"
	                      : "only a running agent can do this: start the service, then again");
	return 1;
}

int ask_tell(const struct conf *conf, const char *path)
{
	struct err err = {0};
	int status = ask(conf, true, path, &err);
	return status == CLI_GO_ON ? ask_no_agent(&err) : status;
}

int ask_query(char path[ASK_QUERY_MAX], const char *name, const char *value)
{
	size_t len = strlen(path);
	if (len + strlen(name) + 3 * strlen(value) + 3 > ASK_QUERY_MAX) {
		(void)fprintf(stderr, "pmta-shipper: too much at once: give fewer, or a filter\n");
		return CLI_EXIT_USAGE;
	}
	len += (size_t)snprintf(path + len, ASK_QUERY_MAX - len, "%s=", name);
	for (; *value; value++)
		len += (size_t)snprintf(path + len, ASK_QUERY_MAX - len,
		                        isalnum((unsigned char)*value) ? "%c" : "%%%02x",
		                        (unsigned char)*value);
	(void)snprintf(path + len, ASK_QUERY_MAX - len, "&");
	return 0;
}

char *cli_quoted(const char *arg)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	                            "%+,-./:=@_";
	if (arg[0] && strspn(arg, plain) == strlen(arg))
		return strdup(arg);
	char *ret = malloc(4 * strlen(arg) + 3), *to = ret;
	if (!ret)
		return NULL;
	*to++ = '\'';
	for (; *arg; arg++)
		to = *arg == '\'' ? stpcpy(to, "'\\''") : (*to = *arg, to + 1);
	(void)stpcpy(to, "'");
	return ret;
}

void cli_become_owner(const char *dir)
{
	struct stat st;
	if (geteuid() != 0 || stat(dir, &st) < 0 || st.st_uid == 0)
		return;
	/* With the groups the service has: what it may read, and what not, is to be seen, too. */
	const struct passwd *p = getpwuid(st.st_uid);
	int rc = p ? initgroups(p->pw_name, p->pw_gid) : setgroups(0, NULL);
	if (rc < 0 || setgid(p ? p->pw_gid : st.st_gid) < 0 || setuid(st.st_uid) < 0)
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
