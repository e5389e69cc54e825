#include "cli/cli.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/utf8.h"
#include "rules/judge.h"
#include "state/store.h"

int cli_usage(const char *command, const char *why)
{
	bool asks = *why && why[strlen(why) - 1] == '?';
	(void)fprintf(stderr, "pmta-shipper %s: %s%s 'pmta-shipper %s --help'\n", command, why,
	              asks ? " See" : "; see", command);
	return CLI_EXIT_USAGE;
}

/* Messages quote names, answers and lines of files. */
static void put_clean(const char *before, const char *text)
{
	scope_free char *clean = malloc(4 * strlen(text) + 1);
	if (clean)
		utf8_printable(text, strlen(text), clean, 4 * strlen(text) + 1);
	(void)fprintf(stderr, "%s%s\n", before, clean ? clean : "out of memory");
}

int cli_failed(const char *text)
{
	put_clean("pmta-shipper: ", text);
	return 1;
}

void cli_report_path(const char *path, const char *why)
{
	char clean[PATH_MAX];
	utf8_printable(path, strlen(path), clean, sizeof(clean));
	(void)fprintf(stderr, "pmta-shipper: %s: %s\n", clean, why);
}

static void to_stderr(const struct file_mistake *m, void *arg)
{
	(void)arg;
	put_clean("", m->line);
}

int cli_load_conf(struct conf **ret, const char *path)
{
	return conf_load(ret, path, to_stderr, NULL) < 0 ? CLI_EXIT_CONF : 0;
}

int cli_load_conf_to_look(struct conf **ret, const char *path)
{
	return conf_load_to_look(ret, path, to_stderr, NULL) < 0 ? CLI_EXIT_CONF : 0;
}

int cli_load_conf_to_check(struct conf **ret, const char *path)
{
	return conf_load_to_check(ret, path, to_stderr, NULL) < 0 ? CLI_EXIT_CONF : 0;
}

int cli_load_rules(struct rules **ret, const struct conf *conf)
{
	return rules_load(ret, &conf->rules, to_stderr, NULL) < 0 ? CLI_EXIT_CONF : 0;
}

/* Returns true if this process is root and the folder belongs to somebody else. */
static bool is_of_another(const char *dir, struct stat *ret)
{
	return geteuid() == 0 && stat(dir, ret) == 0 && ret->st_uid != 0;
}

int cli_become_owner(const char *dir)
{
	struct stat st;
	if (!is_of_another(dir, &st))
		return 0;
	/* With the groups of the service, so that it shows which files the service may read. */
	const struct passwd *p = getpwuid(st.st_uid);
	int rc = p ? initgroups(p->pw_name, p->pw_gid) : setgroups(0, NULL);
	if (rc == 0 && setgid(p ? p->pw_gid : st.st_gid) == 0 && setuid(st.st_uid) == 0)
		return 0;
	(void)fprintf(stderr, "pmta-shipper: cannot become user %u, who owns \"%s\": %m\n",
	              (unsigned)st.st_uid, dir);
	return 1;
}

int cli_become_owner_to_run(const struct conf *conf)
{
	struct stat st;
	if (!is_of_another(conf->state_dir, &st))
		return 0;
	/* The service manager removes the folder when the service stops. */
	if (mkdir(conf->runtime_dir, 0755) == 0)
		(void)!lchown(conf->runtime_dir, st.st_uid, st.st_gid);
	return cli_become_owner(conf->state_dir);
}

int cli_open_store(struct store **ret, const struct conf *conf)
{
	struct err err = {0};
	(void)cli_become_owner(conf->state_dir);
	return store_open_reader(ret, conf->state_dir, &err) < 0 ? cli_failed(err.text) : 0;
}
