#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/units.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/print_findings.h"
#include "cmd/commands.h"
#include "conf/options.h"
#include "doctor/as_user.h"
#include "doctor/other_programs.h"

/* In this order: what later checks stand on comes first. */
static const struct {
	doctor_fn *run;
	bool as_user;
	const char *what;
} checks[] = {
        {doctor_service, false, "service"},    {doctor_folders, true, "folders"},
        {doctor_accounting, true, "files"},    {doctor_pmta, false, "PowerMTA"},
        {doctor_mail, false, "mail"},          {doctor_sample, true, "recent rows"},
        {doctor_shippers, false, "shippers"},  {doctor_secrets, true, "secrets"},
        {doctor_rules, true, "rules"},         {doctor_endpoints, false, "endpoints"},
        {doctor_inotify, true, "inotify"},     {doctor_descriptors, false, "limits"},
        {doctor_disk, false, "disks"},         {doctor_store, true, "store"},
        {doctor_time_left, true, "time left"},
};

/* What only the service sees, or its user, is no mistake of the configuration. */
static void tell_file(const char *line, void *arg)
{
	const struct doctor *d = arg;
	bool unseen = strstr(line, "CREDENTIALS_DIRECTORY") ||
	              (geteuid() != 0 && strstr(line, strerror(EACCES)));
	finding_tell(&d->to, unseen ? FINDING_INFO : FINDING_PROBLEM, "configuration", "%s%s", line,
	             unseen ? "; only the service can tell" : "");
}

/* The configuration, and whether the files it names are fit. */
static int load(struct doctor *d, const char *path, struct conf **ret)
{
	struct conf *whole = NULL;
	int status = cli_load_conf_to_look(ret, path);
	if (status != 0)
		return status;
	d->conf = *ret;
	user_of_service(d->conf, &d->user);
	if (conf_load(&whole, path, tell_file, d) == 0)
		finding_tell(&d->to, FINDING_OK, "configuration", "%s is fine", path);
	(void)conf_free(whole);
	return 0;
}

static int set_with(struct doctor *d, const char *path)
{
	scope_free char *quoted = cli_quoted(path);
	bool own = strcmp(path, CONF_DEFAULT_PATH) != 0;
	if (!quoted || asprintf(&d->with, "%s%s", own ? " -c " : "", own ? quoted : "") < 0)
		d->with = NULL;
	return d->with ? 0 : -ENOMEM;
}

static void read_pmta(struct doctor *d)
{
	struct err err = {0};
	int rc = pmta_config_read(&d->pmta, d->pmta_path, NULL, &err);
	if (rc == -ENOENT && !d->pmta_given)
		finding_tell(&d->to, FINDING_INFO, d->pmta_path,
		             "not there: what PowerMTA logs was not compared\n"
		             "pmta-shipper doctor%s --pmta-config FILE",
		             d->with);
	else if (rc == -EACCES)
		finding_tell(&d->to, FINDING_WARNING, d->pmta_path,
		             "may not be read: what PowerMTA logs was not compared\n"
		             "sudo pmta-shipper doctor%s",
		             d->with);
	else if (rc < 0)
		finding_tell(&d->to, FINDING_PROBLEM, d->pmta_path, "%s", err.text);
}

/* Root may read more of cron's files than the service's user. */
static int find_cleaners(struct doctor *d)
{
	for (size_t i = 0; i < d->conf->nsources; i++) {
		char where[1100] = "";
		const char *folder = d->conf->sources[i].move_to;
		if (!*folder || !other_programs_cleaner("", folder, where, sizeof(where)))
			where[0] = '\0';
		if (!strlist_add(&d->cleaners, where))
			return -ENOMEM;
	}
	return 0;
}

static int examine(struct doctor *d, const char *path)
{
	struct conf *conf = NULL;
	int status = load(d, path, &conf);
	if (status != 0)
		return status;
	if (set_with(d, path) == 0)
		read_pmta(d);
	if (!d->with || find_cleaners(d) < 0)
		status = cli_failed("out of memory");
	for (size_t i = 0; status == 0 && i < sizeof(checks) / sizeof(checks[0]); i++)
		if (checks[i].as_user)
			doctor_as_user(d, checks[i].run, checks[i].what);
		else
			checks[i].run(d);
	free(d->with);
	strlist_clear(&d->cleaners);
	d->pmta = pmta_config_free(d->pmta);
	(void)conf_free(conf);
	return status;
}

int cmd_doctor(int argc, char **argv)
{
	const char *path = CONF_DEFAULT_PATH, *pmta = NULL;
	struct findings findings = {0};
	struct doctor d = {.to = {findings_print, &findings}};
	const struct cli_option takes[] = {{"pmta-config", CLI_TEXT, &pmta, "FILE",
	                                    "PowerMTA's configuration (" PMTA_CONFIG_DEFAULT_PATH
	                                    ")"},
	                                   {"send-test", CLI_FLAG, &d.send_test, NULL,
	                                    "send one marked event to each endpoint, and show it"},
	                                   {"json", CLI_FLAG, &findings.json, NULL, "for programs"},
	                                   {0}};
	const struct cli_spec spec = {
	        .usage = "[-c FILE] [--pmta-config FILE] [--send-test] [--json]",
	        .about = "Check everything that can be known before the first record, one line a "
	                 "finding:\nok, info, warning or problem, what it means, and what mends "
	                 "it.  "
	                 "Best run as root.\nSends no event unless asked to.  Exit status 1 when "
	                 "there are problems.",
	        .examples = "  sudo pmta-shipper doctor\n"
	                    "  sudo pmta-shipper doctor | grep '^problem'\n"
	                    "  sudo pmta-shipper doctor --send-test",
	        .options = takes,
	        .config = &path,
	        .arguments = CLI_NO_ARGUMENTS};
	int status = cli_options(argc, argv, &spec);
	if (status != CLI_GO_ON)
		return status;
	d.pmta_path = pmta ? pmta : PMTA_CONFIG_DEFAULT_PATH;
	d.pmta_given = pmta != NULL;
	status = examine(&d, path);
	if (status == CLI_EXIT_CONF)
		return status;
	findings_end(&findings);
	if (!findings.json)
		(void)printf("%u problem%s, %u warning%s\n", findings.n[FINDING_PROBLEM],
		             units_s(findings.n[FINDING_PROBLEM]), findings.n[FINDING_WARNING],
		             units_s(findings.n[FINDING_WARNING]));
	return status != 0 ? status : findings.n[FINDING_PROBLEM] > 0;
}
