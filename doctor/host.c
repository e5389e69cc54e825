/* Checks of the host: service, kernel limits, disks, and other shippers of these files. */
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

#include "base/units.h"
#include "csv/catalog.h"
#include "doctor/checks.h"
#include "doctor/other_programs.h"
#include "doctor/unit.h"
#include "follow/watch.h"

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

void doctor_service(const struct doctor *d)
{
	struct unit unit;
	char why[256];
	if (strcmp(d->conf->path, CONF_DEFAULT_PATH) != 0)
		finding_tell(&d->to, FINDING_INFO, "service", "not checked: the service reads %s",
		             CONF_DEFAULT_PATH);
	else if (!unit_ask(&unit, why, sizeof(why)))
		finding_tell(&d->to, FINDING_INFO, "service", "%s", why);
	else
		unit_tell(&unit, &d->to);
	if (d->user.guessed)
		finding_tell(&d->to, FINDING_INFO, "user",
		             "neither state-dir nor a user " USER_SERVICE
		             " exists: checked as user %s",
		             d->user.name);
	else if (geteuid() != 0 && geteuid() != d->user.uid)
		finding_tell(
		        &d->to, FINDING_WARNING, "user",
		        "the service runs as %s: some checks ran as another user, and may have "
		        "other results for the service\nsudo pmta-shipper doctor%s",
		        d->user.name, d->with);
	else if (d->user.uid == 0)
		finding_tell(
		        &d->to, FINDING_WARNING, "user",
		        "state-dir \"%s\" belongs to root, so the agent runs as root, which is not "
		        "necessary\n%schown -R " USER_SERVICE ": '%s'",
		        d->conf->state_dir,
		        getpwnam(USER_SERVICE)
		                ? ""
		                : "useradd --system --shell /usr/sbin/nologin " USER_SERVICE " && ",
		        d->conf->state_dir);
	else
		finding_tell(&d->to, FINDING_OK, "user", "the service runs as %s", d->user.name);
}

/* ---- kernel limits ---- */

void doctor_inotify(const struct doctor *d)
{
	struct watch *w = NULL;
	struct err err = {0};
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
		             d->user.name, n, units_s(n));
	else if (rc == -EMFILE)
		finding_tell(
		        &d->to, FINDING_PROBLEM, "inotify",
		        "user %s has reached its limit of inotify instances: changes are only seen "
		        "at a rescan\necho fs.inotify.max_user_instances=1024 > "
		        "/etc/sysctl.d/60-inotify.conf && sysctl --system",
		        d->user.name);
	else if (rc == -ENOSPC)
		finding_tell(
		        &d->to, FINDING_PROBLEM, "inotify",
		        "user %s has reached its limit of inotify watches: changes are only seen "
		        "at a rescan\necho fs.inotify.max_user_watches=524288 > "
		        "/etc/sysctl.d/60-inotify.conf && sysctl --system",
		        d->user.name);
	else
		finding_tell(&d->to, FINDING_PROBLEM, "inotify", "folders cannot be watched: %s",
		             err.text[0] ? err.text : strerror(-rc));
}

void doctor_descriptors(const struct doctor *d)
{
	struct unit unit = {0};
	struct rlimit own;
	char why[256];
	unsigned long long need = FILES_OTHER + FILES_OPEN * d->conf->nsources, limit = 0;
	for (size_t i = 0; i < d->conf->nendpoints; i++)
		need += d->conf->endpoints[i].in_flight;
	bool service = strcmp(d->conf->path, CONF_DEFAULT_PATH) == 0 &&
	               unit_ask(&unit, why, sizeof(why)) && unit.nofile > 0;
	if (service)
		limit = unit.nofile;
	else if (getrlimit(RLIMIT_NOFILE, &own) == 0)
		limit = own.rlim_cur;
	const char *whose = service ? "the service" : "a process started like this one";
	if (limit < need)
		finding_tell(&d->to, FINDING_PROBLEM, "descriptors",
		             "%s may open %llu files; in-flight and the sources can need %llu\n"
		             "systemctl edit pmta-shipper: [Service] LimitNOFILE=%llu",
		             whose, limit, need, 2 * need);
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

static void check_state(const struct doctor *d)
{
	uint64_t free_bytes, need = d->conf->dead_max_bytes + STATE_SPARE;
	char a[UNITS_FOR_PEOPLE], b[UNITS_FOR_PEOPLE];
	if (!free_at(d->conf->state_dir, &free_bytes))
		return;
	(void)units_decimal(free_bytes, a);
	(void)units_decimal(need, b);
	if (free_bytes < STATE_SPARE)
		finding_tell(&d->to, FINDING_PROBLEM, "state-dir",
		             "only %s are free at \"%s\": if the disk is full, delivery waits\n"
		             "free some space: du -xh --max-depth=2 '%s'",
		             a, d->conf->state_dir, d->conf->state_dir);
	else if (free_bytes < need)
		finding_tell(&d->to, FINDING_WARNING, "state-dir",
		             "%s are free at \"%s\", but dead letters may need %s\n"
		             "lower dead-max-bytes, or free some space",
		             a, d->conf->state_dir, b);
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
	days = more ? DISK_DAYS_SHOWN : days;
	finding_tell(&d->to, level, what,
	             "%s are free at \"%s\", which grows by %s a day: full in %s%" PRIu64
	             " day%s\n%s%s%s",
	             left, folder, a_day, more ? "more than " : "", days, units_s(days),
	             fine ? "" : "pmta-shipper archives", fine ? "" : d->with,
	             fine ? ""
	                  : " --acknowledged --older-than 30d lists files that can be deleted");
}

static void check_archive(const struct doctor *d, const struct catalog *c,
                          const struct conf_source *s)
{
	char what[160], a[UNITS_FOR_PEOPLE], b[UNITS_FOR_PEOPLE];
	uint64_t free_bytes;
	int64_t now = time(NULL);
	if (!*s->move_to || !free_at(s->move_to, &free_bytes))
		return;
	(void)snprintf(what, sizeof(what), "source %.140s", s->name);
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

void doctor_disk(const struct doctor *d)
{
	struct catalog catalog;
	check_state(d);
	if (catalog_open(&catalog, d->conf, NULL) < 0)
		finding_tell(&d->to, FINDING_PROBLEM, "disk", "out of memory");
	for (size_t i = 0; i < d->conf->nsources; i++)
		check_archive(d, &catalog, &d->conf->sources[i]);
	catalog_close(&catalog);
}

/* ---- other shippers ---- */

struct others {
	const struct doctor *d;
	bool any;
};

static void tell_other(const char *program, const char *unit, const char *where,
                       const struct conf_source *s, void *arg)
{
	struct others *o = arg;
	char what[160];
	(void)snprintf(what, sizeof(what), "source %.140s", s->name);
	o->any = true;
	finding_tell(
	        &o->d->to, FINDING_PROBLEM, what,
	        "%s names its files in %s: if both ship them, each row arrives twice, and repeated "
	        "soft bounces become hard ones\nsystemctl disable --now %s, if it has no other use",
	        program, where, unit);
}

void doctor_shippers(const struct doctor *d)
{
	struct others o = {d, false};
	other_programs_each("", d->conf, tell_other, &o);
	if (!o.any)
		finding_tell(&d->to, FINDING_OK, "other shippers",
		             "none on this host is configured to read these files");
}
