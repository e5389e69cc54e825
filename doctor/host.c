/* Checks of the host: service, kernel limits, disks. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/fix.h"
#include "base/scope.h"
#include "base/units.h"
#include "csv/catalog.h"
#include "doctor/checks.h"
#include "doctor/text.h"
#include "doctor/unit.h"
#include "follow/watch.h"
#include "state/store.h"

#define DAY_S 86400
#define GROWTH_DAYS 7 /* the growth of move-to is measured over these days */
#define DISK_WARNING_DAYS 14
#define DISK_PROBLEM_DAYS 3
/* Nobody plans further ahead, and the growth of one week does not predict it. */
#define DISK_DAYS_SHOWN UINT64_C(3650)
#define STATE_SPARE (UINT64_C(64) << 20) /* for SQLite's log, with some reserve */
#define FILES_OPEN 32                    /* per source: see "What is bounded by what" */
#define FILES_OTHER 64                   /* store, sockets, the listener's clients */

/* ---- the service ---- */

static void tell_root(const struct doctor *d)
{
	struct fix fix = {0};
	const char *folder = d->conf->state_dir;
	(void)fix_line(&fix, "%s",
	               getpwnam(USER_SERVICE)
	                       ? ""
	                       : "useradd --system --shell /usr/sbin/nologin " USER_SERVICE " && ");
	if (d->user.of_unit) {
		size_t n = strlen(fix.text);
		(void)snprintf(fix.text + n, sizeof(fix.text) - n, "systemctl edit %s",
		               d->unit.name);
		finding_fix(&d->to, FINDING_WARNING, "user", fix.text,
		            "%s runs as root, which is not necessary: set User=" USER_SERVICE
		            " in its [Service], and give it \"%s\"",
		            d->unit.name, folder);
		return;
	}
	(void)(*fix.text ? fix_add(&fix, "chown -R " USER_SERVICE ": %s", folder)
	                 : fix_command(&fix, "chown -R " USER_SERVICE ": %s", folder));
	finding_fix(&d->to, FINDING_WARNING, "user", fix.text,
	            "state-dir \"%s\" belongs to root, so the agent is taken to run as root, which "
	            "is not necessary",
	            folder);
}

static void tell_user(const struct doctor *d)
{
	struct fix fix = {0};
	const struct unit *u = &d->unit;
	if (u->known == UNIT_FOUND && !d->user.of_unit && !u->dynamic_user)
		finding_fix(
		        &d->to, FINDING_PROBLEM, "user",
		        fix_command(&fix, "useradd --system --shell /usr/sbin/nologin %s", u->user),
		        "%s runs as user %s, who does not exist", u->name, u->user);
	if (d->user.guessed)
		finding_unchecked(&d->to, FINDING_INFO, "user", NULL,
		                  "neither state-dir nor a user " USER_SERVICE
		                  " exists: checked as user %s, and not checked for any other",
		                  d->user.name);
	else if (user_is_other(&d->user))
		finding_unchecked(
		        &d->to, FINDING_WARNING, "user", doctor_command_as_root(d, "doctor", &fix),
		        "the service runs as %s: some checks ran as user %s, and were not checked "
		        "for the service",
		        d->user.name, d->tester);
	else if (d->user.uid == 0)
		tell_root(d);
	else
		finding_tell(&d->to, FINDING_OK, "user", "the service runs as %s", d->user.name);
}

void doctor_service(const struct doctor *d)
{
	switch (d->unit.known) {
	case UNIT_NO_SYSTEMD:
		finding_tell(&d->to, FINDING_INFO, "service",
		             "systemd is not running here: something else must start the agent");
		break;
	case UNIT_UNASKED:
		finding_unchecked(&d->to, FINDING_INFO, "service", NULL, "not checked: %s",
		                  d->unit_why);
		break;
	case UNIT_NONE:
		finding_tell(&d->to, FINDING_INFO, "service",
		             "systemd has no unit pmta-shipper for %s: something else must start "
		             "the agent",
		             d->conf->path);
		break;
	case UNIT_FOUND:
		unit_tell(&d->unit, store_in_use(d->conf->state_dir), &d->to);
	}
	tell_user(d);
}

/* ---- kernel limits ---- */

/* Doubles the limit in force: a fixed number could lower it. */
static const char *raise(const char *limit, struct fix *ret)
{
	char path[128];
	uint64_t now = 0;
	(void)snprintf(path, sizeof(path), "/proc/sys/fs/inotify/%s", limit);
	scope_free char *text = NULL;
	size_t n;
	if (file_read(path, 64, &text, &n) == 0 && n > 0) {
		text[strcspn(text, "\n")] = '\0';
		(void)!units_number(text, &now);
	}
	return now == 0 ? NULL
	                : fix_line(ret,
	                           "echo fs.inotify.%s=%" PRIu64
	                           " >> /etc/sysctl.d/60-pmta-shipper.conf && sysctl --system",
	                           limit, 2 * now);
}

void doctor_inotify(const struct doctor *d)
{
	struct watch *w = NULL;
	struct err err = {0};
	struct fix fix = {0};
	char folder[PATH_MAX];
	unsigned n = 0;
	int rc = watch_open(&w, &err);
	for (size_t i = 0; rc == 0 && i < d->conf->nsources; i++) {
		const struct conf_source *s = &d->conf->sources[i];
		conf_source_folder(s, folder, sizeof(folder));
		rc = watch_add(w, folder, n++);
		if (rc == 0 && *s->move_to)
			rc = watch_add(w, s->move_to, n++);
	}
	(void)watch_close(w);
	if (rc == 0)
		finding_tell(&d->to, FINDING_OK, "inotify", "user %s can watch %u folder%s",
		             d->tester, n, units_s(n));
	else if (rc == -EMFILE || rc == -ENOSPC)
		finding_fix(&d->to, FINDING_PROBLEM, "inotify",
		            raise(rc == -EMFILE ? "max_user_instances" : "max_user_watches", &fix),
		            "user %s has reached its limit of inotify %s: changes are only seen at "
		            "a rescan",
		            d->tester, rc == -EMFILE ? "instances" : "watches");
	else
		finding_tell(&d->to, FINDING_PROBLEM, "inotify", "folders cannot be watched: %s",
		             err.text[0] ? err.text : strerror(-rc));
}

void doctor_descriptors(const struct doctor *d)
{
	struct rlimit own;
	struct fix fix = {0};
	unsigned long long need = FILES_OTHER + FILES_OPEN * d->conf->nsources, limit = 0;
	for (size_t i = 0; i < d->conf->nendpoints; i++)
		need += d->conf->endpoints[i].in_flight;
	bool service = d->unit.known == UNIT_FOUND && d->unit.nofile > 0;
	if (service)
		limit = d->unit.nofile;
	else if (getrlimit(RLIMIT_NOFILE, &own) == 0)
		limit = own.rlim_max; /* run raises the other one to it */
	const char *whose = service ? "the service" : "a process started like this one";
	if (d->unit.known == UNIT_FOUND)
		(void)fix_line(&fix, "systemctl edit %s: [Service] LimitNOFILE=%llu", d->unit.name,
		               2 * need);
	else
		(void)fix_line(&fix, "ulimit -n %llu, in the shell that starts the agent",
		               2 * need);
	if (limit < need)
		finding_fix(&d->to, FINDING_PROBLEM, "descriptors", fix.text,
		            "%s may open %llu files; in-flight and the sources can need %llu",
		            whose, limit, need);
	else
		finding_tell(&d->to, FINDING_OK, "descriptors",
		             "%s may open %llu files; %llu are needed at most", whose, limit, need);
}

/* ---- disks ---- */

/* Free bytes for users other than root on the volume where path is, or will be. */
static bool free_at(const char *path, uint64_t *ret)
{
	char folder[PATH_MAX];
	struct statvfs v;
	(void)snprintf(folder, sizeof(folder), "%s", path);
	while (statvfs(folder, &v) < 0) {
		char *slash = strrchr(folder, '/');
		if (errno != ENOENT || !slash || slash == folder)
			return false;
		*slash = '\0';
	}
	*ret = (uint64_t)v.f_bavail * v.f_frsize;
	return true;
}

static void tell_unknown_space(const struct doctor *d, const char *what, const char *path)
{
	finding_unchecked(&d->to, FINDING_INFO, what, NULL,
	                  "not checked: the free space at \"%s\" is not known: %s", path,
	                  strerror(errno));
}

static void check_state(const struct doctor *d)
{
	uint64_t free_bytes, need = d->conf->dead_max_bytes + STATE_SPARE;
	char a[UNITS_FOR_PEOPLE], b[UNITS_FOR_PEOPLE];
	struct fix fix = {0};
	if (!free_at(d->conf->state_dir, &free_bytes)) {
		tell_unknown_space(d, "state-dir", d->conf->state_dir);
		return;
	}
	(void)units_decimal(free_bytes, a);
	(void)units_decimal(need, b);
	if (free_bytes < STATE_SPARE)
		finding_fix(&d->to, FINDING_PROBLEM, "state-dir",
		            fix_command(&fix, "free some space: df -h %s", d->conf->state_dir),
		            "only %s are free at \"%s\": if the disk is full, delivery waits", a,
		            d->conf->state_dir);
	else if (free_bytes < need)
		finding_fix(&d->to, FINDING_WARNING, "state-dir",
		            "lower dead-max-bytes, or free some space",
		            "%s are free at \"%s\", but dead letters may need %s", a,
		            d->conf->state_dir, b);
	else
		finding_tell(&d->to, FINDING_OK, "state-dir", "%s are free at \"%s\"", a,
		             d->conf->state_dir);
}

struct archive_growth {
	uint64_t bytes;   /* of files written within GROWTH_DAYS */
	int64_t oldest_s; /* time of the oldest of them */
};

static struct archive_growth growth_of(const struct catalog *c, const struct conf_source *s,
                                       int64_t now)
{
	struct archive_growth g = {0, now};
	for (size_t i = 0; i < c->nfiles; i++) {
		const struct catalog_file *f = &c->files[i];
		int64_t changed_s = f->mtime_ms / 1000;
		if (f->source != s || !f->moved || changed_s < now - (int64_t)GROWTH_DAYS * DAY_S)
			continue;
		g.bytes += f->size;
		if (changed_s < g.oldest_s)
			g.oldest_s = changed_s;
	}
	return g;
}

static void tell_growth(const struct doctor *d, const char *what, const char *folder,
                        const char *left, const char *a_day, uint64_t days)
{
	enum finding_level level = days < DISK_PROBLEM_DAYS   ? FINDING_PROBLEM
	                           : days < DISK_WARNING_DAYS ? FINDING_WARNING
	                                                      : FINDING_OK;
	bool fine = level == FINDING_OK, more = days > DISK_DAYS_SHOWN;
	struct fix fix = {0};
	days = more ? DISK_DAYS_SHOWN : days;
	(void)doctor_command(d, "archives", " --acknowledged --older-than 30d", &fix);
	finding_fix(&d->to, level, what, fine ? NULL : fix.text,
	            "%s are free at \"%s\", which grows by %s a day: full in %s%" PRIu64 " day%s%s",
	            left, folder, a_day, more ? "more than " : "", days, units_s(days),
	            fine ? "" : "; the command lists files that can be deleted");
}

static void check_growth(const struct doctor *d, const struct catalog *c,
                         const struct conf_source *s, const char *what, uint64_t free_bytes)
{
	char a[UNITS_FOR_PEOPLE], b[UNITS_FOR_PEOPLE];
	int64_t now = time(NULL);
	struct archive_growth g = growth_of(c, s, now);
	int64_t span = now - g.oldest_s < DAY_S ? DAY_S : now - g.oldest_s;
	uint64_t a_day = g.bytes * DAY_S / (uint64_t)span;
	uint64_t days = a_day > 0 ? free_bytes / a_day : UINT64_MAX;
	(void)units_decimal(free_bytes, a);
	(void)units_decimal(a_day, b);
	if (a_day == 0)
		finding_tell(&d->to, FINDING_OK, what, "%s are free at \"%s\"", a, s->move_to);
	else
		tell_growth(d, what, s->move_to, a, b, days);
}

static void check_archive(const struct doctor *d, const struct catalog *c,
                          const struct conf_source *s)
{
	char what[160];
	uint64_t free_bytes;
	(void)snprintf(what, sizeof(what), "source %.140s", s->name);
	if (*s->move_to && !free_at(s->move_to, &free_bytes))
		tell_unknown_space(d, what, s->move_to);
	else if (*s->move_to)
		check_growth(d, c, s, what, free_bytes);
}

void doctor_disk(const struct doctor *d)
{
	struct catalog catalog;
	check_state(d);
	int rc = catalog_open(&catalog, d->conf, NULL);
	if (rc < 0)
		finding_unchecked(&d->to, FINDING_PROBLEM, "disk", NULL, "not checked: %s",
		                  strerror(-rc));
	for (size_t i = 0; rc == 0 && i < d->conf->nsources; i++)
		check_archive(d, &catalog, &d->conf->sources[i]);
	catalog_close(&catalog);
}
