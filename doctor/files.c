/* Checks of files and folders, run as the service's user. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/permission.h"
#include "base/scope.h"
#include "base/units.h"
#include "doctor/certificate.h"
#include "doctor/checks.h"
#include "doctor/text.h"
#include "follow/folder.h"

#define EXPIRY_WARNING_DAYS 21
#define DAY_S 86400
#define OPENED_MAX 2000 /* files opened in a folder */

/* ---- accounting files ---- */

struct folder {
	const struct doctor *d;
	const char *what, *path;
	struct acct_template template;
	size_t files, closed;
	char first[PATH_MAX]; /* the first file that cannot be read */
	int error;
};

static void tell_closed(const struct doctor *d, const char *what, const char *path, int error,
                        const char *then)
{
	char why[PATH_MAX + 256], how[PATH_MAX + 256];
	if (error != EACCES) {
		finding_tell(&d->to, FINDING_PROBLEM, what, "\"%s\": %s; %s", path, strerror(error),
		             then);
		return;
	}
	permission_unreadable(path, why, sizeof(why), how, sizeof(how));
	finding_tell(&d->to, FINDING_PROBLEM, what, "user %s may not read \"%s\": %s; %s\n%s",
	             d->user.name, path, why, then, how);
}

static int try_file(const struct folder_file *file, void *arg)
{
	struct folder *f = arg;
	char path[PATH_MAX];
	if (f->files >= OPENED_MAX)
		return 0;
	f->files++;
	(void)snprintf(path, sizeof(path), "%s/%s", f->path, file->name);
	scope_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 || errno == ENOENT) /* it may have been moved in between */
		return 0;
	if (f->closed++ == 0) {
		f->error = errno;
		(void)snprintf(f->first, sizeof(f->first), "%s", path);
	}
	return 0;
}

static void try_folder(struct folder *f, const char *folder, bool live)
{
	const struct doctor *d = f->d;
	int error;
	f->path = folder;
	f->files = f->closed = 0;
	int rc = folder_each(folder, &f->template, try_file, f, &error);
	if (rc == FOLDER_MISSING) {
		if (live || !d->pmta) /* otherwise doctor_pmta() reports it */
			finding_tell(&d->to, FINDING_WARNING, f->what,
			             "\"%s\" does not exist: the agent waits until PowerMTA is "
			             "installed or the folder is created\nmkdir -p '%s' && chown "
			             "pmta:pmta "
			             "'%s'",
			             folder, folder, folder);
		return;
	}
	if (rc != FOLDER_READ) {
		tell_closed(d, f->what, folder, error,
		            live ? "nothing is delivered"
		                 : "files that PowerMTA moves there are lost");
		return;
	}
	if (f->closed > 0) {
		char then[64];
		(void)snprintf(then, sizeof(then), "%zu of %zu file%s cannot be read", f->closed,
		               f->files, units_s(f->files));
		tell_closed(d, f->what, f->first, f->error, then);
	} else if (f->files == 0 && live) {
		finding_tell(&d->to, FINDING_INFO, f->what,
		             "\"%s\" has no file of this source yet; user %s can read the folder",
		             folder, d->user.name);
	} else {
		finding_tell(&d->to, FINDING_OK, f->what, "user %s can read %zu file%s in \"%s\"",
		             d->user.name, f->files, units_s(f->files), folder);
	}
}

static void check_volumes(const struct doctor *d, const struct conf_source *s, const char *what,
                          const char *live)
{
	struct stat a, b;
	if (d->pmta || stat(live, &a) < 0 || stat(s->move_to, &b) < 0 || a.st_dev == b.st_dev)
		return; /* with PowerMTA's configuration, doctor_pmta() reports it */
	finding_tell(&d->to, FINDING_PROBLEM, what,
	             "move-to \"%s\" is on another volume than \"%s\": PowerMTA cannot move its "
	             "files there\nset move-to to a folder on the volume of %s, here and in "
	             "PowerMTA's configuration",
	             s->move_to, live, live);
}

/* The sandbox of the package's unit hides some folders from the service. */
static void check_hidden(const struct doctor *d, const char *what, const char *folder)
{
	static const char *const hidden[] = {"/home/", "/root/", "/run/user/", "/tmp/",
	                                     "/var/tmp/"};
	struct stat st;
	if (stat("/usr/lib/systemd/system/pmta-shipper.service", &st) < 0 &&
	    stat("/lib/systemd/system/pmta-shipper.service", &st) < 0)
		return;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (strncmp(folder, hidden[i], strlen(hidden[i])) == 0)
			finding_tell(&d->to, FINDING_PROBLEM, what,
			             "\"%s\" is hidden from the service by its sandbox\n"
			             "move it elsewhere, or: systemctl edit pmta-shipper "
			             "(ProtectHome=, PrivateTmp=)",
			             folder);
}

void doctor_accounting(const struct doctor *d)
{
	for (size_t i = 0; i < d->conf->nsources; i++) {
		const struct conf_source *s = &d->conf->sources[i];
		char what[160], live[PATH_MAX];
		(void)snprintf(what, sizeof(what), "source %.140s", s->name);
		conf_source_folder(s, live, sizeof(live));
		struct folder f = {.d = d, .what = what, .template = acct_template(s->acct_file)};
		try_folder(&f, live, true);
		check_hidden(d, what, live);
		if (!*s->move_to)
			continue;
		try_folder(&f, s->move_to, false);
		check_volumes(d, s, what, live);
	}
}

/* ---- our own folders ---- */

static void check_own(const struct doctor *d, const char *what, const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0) {
		if (errno == ENOENT)
			finding_tell(&d->to, FINDING_INFO, what,
			             "\"%s\" does not exist yet: the first start creates it", path);
		else
			tell_closed(d, what, path, errno, "the agent cannot start");
		return;
	}
	if (!S_ISDIR(st.st_mode))
		finding_tell(&d->to, FINDING_PROBLEM, what,
		             "\"%s\" is not a folder: the agent cannot start\nmv '%s' '%s.old'",
		             path, path, path);
	else if (faccessat(AT_FDCWD, path, R_OK | W_OK | X_OK, AT_EACCESS) < 0)
		finding_tell(&d->to, FINDING_PROBLEM, what,
		             "user %s cannot write \"%s\": %s; the agent cannot start\n"
		             "chown %s '%s' && chmod u+rwx '%s'",
		             d->user.name, path, strerror(errno), d->user.name, path, path);
	else
		finding_tell(&d->to, FINDING_OK, what, "user %s can write \"%s\"", d->user.name,
		             path);
}

void doctor_folders(const struct doctor *d)
{
	check_own(d, "state-dir", d->conf->state_dir);
	if (strcmp(d->conf->runtime_dir, d->conf->state_dir) != 0)
		check_own(d, "runtime-dir", d->conf->runtime_dir);
	scope_close int fd = open(d->conf->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		tell_closed(d, "configuration", d->conf->path, errno, "the agent cannot start");
}

/* ---- secrets and certificates ---- */

/* The advice must not overwrite an existing file. */
static void tell_no_secret(const struct doctor *d, const char *what, const char *key,
                           const char *path, int error)
{
	char group[64];
	struct stat st;
	(void)user_group_name(&d->user, group);
	if (error == ENOENT)
		finding_tell(&d->to, FINDING_PROBLEM, what,
		             "user %s cannot read %s \"%s\": %s; nothing is sent\n"
		             "install -m 640 -g %s /dev/null '%s', and write the secret into it",
		             d->user.name, key, path, strerror(error), group, path);
	else if (stat(path, &st) < 0)
		tell_closed(d, what, path, error,
		            "nothing is sent"); /* a folder above it is closed */
	else
		finding_tell(&d->to, FINDING_PROBLEM, what,
		             "user %s cannot read %s \"%s\": %s; nothing is sent\n"
		             "chgrp %s '%s' && chmod 640 '%s'",
		             d->user.name, key, path, strerror(error), group, path, path);
}

static void check_secret(const struct doctor *d, const char *what, const char *key,
                         const char *path)
{
	struct stat st;
	if (!*path)
		return;
	if (conf_credential_unseen(path)) {
		finding_tell(&d->to, FINDING_INFO, what,
		             "systemd passes %s to the service (%s): only the service sees it", key,
		             path);
		return;
	}
	scope_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		tell_no_secret(d, what, key, path, errno);
	else if (st.st_mode & 0007)
		finding_tell(&d->to, FINDING_PROBLEM, what,
		             "everybody on this host can read %s \"%s\" (mode %04o), so the agent "
		             "refuses it\n"
		             "chmod o= '%s'",
		             key, path, (unsigned)st.st_mode & 07777, path);
	else
		finding_tell(&d->to, FINDING_OK, what,
		             "%s \"%s\": user %s can read it, others cannot", key, path,
		             d->user.name);
}

static void check_certificate(const struct doctor *d, const char *what, const char *key,
                              const char *path)
{
	struct certificate c;
	struct err err = {0};
	char date[DOCTOR_DATE_MAX];
	if (!*path || conf_credential_unseen(path))
		return;
	if (certificate_read(path, &c, &err) < 0) {
		finding_tell(&d->to, FINDING_PROBLEM, what,
		             "%s: %s; no connection is possible\nput the PEM file there", key,
		             err.text);
		return;
	}
	int64_t left = c.ends_s - time(NULL);
	(void)doctor_date(c.ends_s, date);
	if (left < 0)
		finding_tell(
		        &d->to, FINDING_PROBLEM, what,
		        "%s \"%s\" (%s) expired on %s\nput a new one there, then systemctl reload "
		        "pmta-shipper",
		        key, path, c.subject, date);
	else if (left < (int64_t)EXPIRY_WARNING_DAYS * DAY_S)
		finding_tell(
		        &d->to, FINDING_WARNING, what,
		        "%s \"%s\" (%s) expires in %lld day%s, on %s\nput a new one there, then "
		        "systemctl reload pmta-shipper",
		        key, path, c.subject, (long long)(left / DAY_S),
		        units_s((uint64_t)(left / DAY_S)), date);
	else
		finding_tell(&d->to, FINDING_OK, what, "%s \"%s\" (%s) is valid until %s", key,
		             path, c.subject, date);
}

static void check_key(const struct doctor *d, const char *what, const struct ship_conf *e)
{
	struct err err = {0};
	bool fits = false;
	if (!*e->client_cert || !*e->client_key || conf_credential_unseen(e->client_key) ||
	    conf_credential_unseen(e->client_cert))
		return;
	if (certificate_key_fits(e->client_cert, e->client_key, &fits, &err) < 0)
		finding_tell(&d->to, FINDING_PROBLEM, what,
		             "client-key: %s\nopenssl pkey -in '%s' -noout", err.text,
		             e->client_key);
	else if (!fits)
		finding_tell(&d->to, FINDING_PROBLEM, what,
		             "client-key \"%s\" does not belong to client-cert \"%s\"\n"
		             "set client-key to the key of that certificate",
		             e->client_key, e->client_cert);
}

void doctor_secrets(const struct doctor *d)
{
	for (size_t i = 0; i < d->conf->nendpoints; i++) {
		const struct ship_conf *e = &d->conf->endpoints[i];
		char what[160];
		(void)snprintf(what, sizeof(what), "endpoint %.140s", e->name);
		if (!*e->url) {
			finding_tell(&d->to, FINDING_INFO, what,
			             "not configured yet: url is empty, and nothing is sent\n"
			             "url = \"https://HOST/system/bounce_webhook?type=pmta\"");
			continue;
		}
		check_secret(d, what, "signature-file", e->signature_file);
		check_secret(d, what, "token-file", e->token_file);
		check_secret(d, what, "client-key", e->client_key);
		check_certificate(d, what, "client-cert", e->client_cert);
		check_certificate(d, what, "ca-file", e->ca_file);
		check_key(d, what, e);
		if (!*e->signature_file && !*e->token_file && !*e->client_cert && e->headers.n == 0)
			finding_tell(
			        &d->to, FINDING_INFO, what,
			        "no credentials are configured: Octeth 6 and later answers 401 "
			        "without them\nsignature-file = \"/etc/pmta-shipper/signature\"");
	}
}
