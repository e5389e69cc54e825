#include "doctor/doctor.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "conf/options.h"
#include "doctor/as_user.h"
#include "doctor/checks.h"
#include "doctor/other_programs.h"
#include "doctor/text.h"

/* In this order: a check comes after those it depends on. */
static const struct {
	as_user_fn *run;
	bool as_user;
	const char *what;
} checks[] = {
        {doctor_service, false, "service"},     {doctor_folders, true, "folders"},
        {doctor_accounting, true, "files"},     {doctor_pmta, false, "PowerMTA"},
        {doctor_mail, false, "mail"},           {doctor_sample, true, "recent rows"},
        {doctor_shippers, false, "shippers"},   {doctor_cleaners, false, "cleaners"},
        {doctor_secrets, true, "secrets"},      {doctor_rules, true, "rules"},
        {doctor_endpoints, false, "endpoints"}, {doctor_listen, false, "metrics-listen"},
        {doctor_inotify, true, "inotify"},      {doctor_descriptors, false, "limits"},
        {doctor_disk, false, "disks"},          {doctor_store, true, "store"},
        {doctor_time_left, true, "time left"},
};

/* A file that only the service's user can read is no mistake in the configuration. */
static void tell_file(const struct file_mistake *m, void *arg)
{
	const struct doctor *d = arg;
	if (m->error == EACCES && user_is_other(&d->user))
		finding_unchecked(&d->to, FINDING_INFO, "configuration", NULL,
		                  "not checked: %s; only the service can check it", m->line);
	else
		finding_tell(&d->to, FINDING_PROBLEM, "configuration", "%s", m->line);
}

/* This load also reads the files that it names, except credentials only the service can see. */
static void check_conf(struct doctor *d)
{
	struct conf *whole = NULL;
	if (conf_load_to_check(&whole, d->conf->path, tell_file, d) == 0)
		finding_tell(&d->to, FINDING_OK, "configuration", "%s is fine", d->conf->path);
	(void)conf_free(whole);
}

static void read_pmta(struct doctor *d)
{
	struct err err = {0};
	struct fix fix = {0};
	int rc = pmta_config_read(&d->pmta, d->pmta_path, NULL, &err);
	if (rc == -ENOENT && !d->pmta_given)
		finding_unchecked(&d->to, FINDING_INFO, d->pmta_path,
		                  doctor_command(d, "doctor", " --pmta-config FILE", &fix),
		                  "does not exist: the fields that PowerMTA logs were not checked");
	else if (rc == -EACCES)
		finding_unchecked(&d->to, FINDING_WARNING, d->pmta_path,
		                  geteuid() == 0 ? NULL : doctor_command_as_root(d, "doctor", &fix),
		                  "permission denied: the fields that PowerMTA logs were not "
		                  "checked");
	else if (rc < 0)
		finding_tell(&d->to, FINDING_PROBLEM, d->pmta_path, "%s", err.text);
}

/* Not run as the service's user: root can read more of cron's files. */
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

static void set_tester(struct doctor *d)
{
	const struct passwd *p = user_is_other(&d->user) ? getpwuid(geteuid()) : NULL;
	if (user_is_other(&d->user) && !p)
		(void)snprintf(d->tester, sizeof(d->tester), "uid %u", (unsigned)geteuid());
	else
		(void)snprintf(d->tester, sizeof(d->tester), "%s", p ? p->pw_name : d->user.name);
}

int doctor_examine(struct doctor *d)
{
	bool usual = strcmp(d->conf->path, CONF_DEFAULT_PATH) == 0;
	unit_ask(d->conf->path, usual, &d->unit, d->unit_why, sizeof(d->unit_why));
	user_of_service(d->conf, &d->unit, &d->user);
	set_tester(d);
	check_conf(d);
	read_pmta(d);
	int rc = find_cleaners(d);
	for (size_t i = 0; rc == 0 && i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (checks[i].as_user)
			as_user_run(d, checks[i].run, checks[i].what);
		else
			checks[i].run(d);
	}
	strlist_clear(&d->cleaners);
	d->pmta = pmta_config_free(d->pmta);
	return rc;
}
