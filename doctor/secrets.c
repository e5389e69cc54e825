/* Checks of secrets and certificates, run as the service's user. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fix.h"
#include "base/scope.h"
#include "base/units.h"
#include "doctor/certificate.h"
#include "doctor/checks.h"
#include "doctor/closed.h"
#include "doctor/secret_text.h"
#include "doctor/text.h"

#define EXPIRY_WARNING_DAYS 21
#define DAY_S 86400
#define SECRET_MAX 4096

/* The advice must not overwrite an existing file. */
static void tell_no_secret(const struct doctor *d, const char *what, const char *key,
                           const char *path, int error)
{
	char group[64];
	struct fix fix = {0};
	struct stat st;
	(void)user_group_name(&d->user, group);
	if (error == ENOENT)
		finding_fix(&d->to, FINDING_PROBLEM, what,
		            fix_command(&fix,
		                        "install -m 640 -g %s /dev/null %s, and write the secret "
		                        "into it",
		                        group, path),
		            "user %s cannot read %s \"%s\": %s; nothing is sent", d->tester, key,
		            path, strerror(error));
	else if (error != EACCES || user_is_other(&d->user) || stat(path, &st) < 0)
		closed_tell(d, what, path, error,
		            "nothing is sent"); /* a folder above it is closed */
	else
		finding_fix(&d->to, FINDING_PROBLEM, what,
		            fix_command(&fix, "chgrp %s %s && chmod 640 %s", group, path, path),
		            "user %s cannot read %s \"%s\": %s; nothing is sent%s", d->tester, key,
		            path, strerror(error), closed_on_nfs(path));
}

/* A mistake is only shown by its kind. */
static void tell_secret(const struct doctor *d, const char *what, const char *key, const char *path,
                        int fd)
{
	struct fix fix = {0};
	char text[SECRET_MAX];
	ssize_t n = read(fd, text, sizeof(text));
	struct secret_mistake m = secret_text_look((struct slice){text, n > 0 ? (size_t)n : 0});
	explicit_bzero(text, sizeof(text));
	if (m.why)
		finding_fix(&d->to, m.level, what,
		            m.sed ? fix_command(&fix, "sed -i %s %s", m.sed, path) : NULL,
		            "%s \"%s\" %s: it is sent like this", key, path, m.why);
	else
		finding_tell(&d->to, FINDING_OK, what,
		             "%s \"%s\": user %s can read it, others cannot", key, path, d->tester);
}

static void check_secret(const struct doctor *d, const char *what, const char *key,
                         const char *path, bool is_text)
{
	struct fix fix = {0};
	struct stat st;
	if (!*path)
		return;
	if (conf_credential_unseen(path)) {
		finding_unchecked(
		        &d->to, FINDING_INFO, what, NULL,
		        "systemd passes %s to the service (%s): not checked, because only "
		        "the service sees it",
		        key, path);
		return;
	}
	scope_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		tell_no_secret(d, what, key, path, errno);
	else if (st.st_mode & 0007)
		finding_fix(&d->to, FINDING_PROBLEM, what, fix_command(&fix, "chmod o= %s", path),
		            "everybody on this host can read %s \"%s\" (mode %04o), so the agent "
		            "refuses it%s",
		            key, path, (unsigned)st.st_mode & 07777, closed_on_nfs(path));
	else if (is_text)
		tell_secret(d, what, key, path, fd);
	else
		finding_tell(&d->to, FINDING_OK, what,
		             "%s \"%s\": user %s can read it, others cannot", key, path, d->tester);
}

static void tell_dates(const struct doctor *d, const char *what, const char *key, const char *path,
                       const struct certificate *c)
{
	struct fix fix = {0};
	char date[DOCTOR_DATE_MAX];
	int64_t left = c->ends_s - time(NULL);
	(void)doctor_date(c->ends_s, date);
	(void)doctor_reload(d, &fix);
	if (left < 0)
		finding_fix(&d->to, FINDING_PROBLEM, what, fix.text,
		            "%s \"%s\" (%s) expired on %s: put a new one there, then reload", key,
		            path, c->subject, date);
	else if (left < (int64_t)EXPIRY_WARNING_DAYS * DAY_S)
		finding_fix(
		        &d->to, FINDING_WARNING, what, fix.text,
		        "%s \"%s\" (%s) expires in %lld day%s, on %s: put a new one there, then "
		        "reload",
		        key, path, c->subject, (long long)(left / DAY_S),
		        units_s((uint64_t)(left / DAY_S)), date);
	else
		finding_tell(&d->to, FINDING_OK, what, "%s \"%s\" (%s) is valid until %s", key,
		             path, c->subject, date);
}

static void check_certificate(const struct doctor *d, const char *what, const char *key,
                              const char *path)
{
	struct certificate c;
	struct err err = {0};
	if (!*path || conf_credential_unseen(path))
		return;
	int rc = certificate_read(path, &c, &err);
	if (rc == -EACCES)
		closed_tell(d, what, path, EACCES, "no connection is possible");
	else if (rc < 0)
		finding_fix(&d->to, FINDING_PROBLEM, what, "put the PEM file there",
		            "%s: %s; no connection is possible", key, err.text);
	else
		tell_dates(d, what, key, path, &c);
}

static void check_key(const struct doctor *d, const char *what, const struct ship_conf *e)
{
	struct err err = {0};
	struct fix fix = {0};
	bool fits = false;
	if (!*e->client_cert || !*e->client_key || conf_credential_unseen(e->client_key) ||
	    conf_credential_unseen(e->client_cert))
		return;
	int rc = certificate_key_fits(e->client_cert, e->client_key, &fits, &err);
	if (rc == -EACCES) /* the checks of the two files have reported it */
		return;
	if (rc < 0)
		finding_fix(&d->to, FINDING_PROBLEM, what,
		            fix_command(&fix, "openssl pkey -in %s -noout", e->client_key),
		            "client-key: %s", err.text);
	else if (!fits)
		finding_fix(&d->to, FINDING_PROBLEM, what,
		            "set client-key to the key of that certificate",
		            "client-key \"%s\" does not belong to client-cert \"%s\"",
		            e->client_key, e->client_cert);
}

void doctor_secrets(const struct doctor *d)
{
	for (size_t i = 0; i < d->conf->nendpoints; i++) {
		const struct ship_conf *e = &d->conf->endpoints[i];
		char what[160];
		(void)snprintf(what, sizeof(what), "endpoint %.140s", e->name);
		if (!*e->url) {
			finding_unchecked(&d->to, FINDING_WARNING, what,
			                  "url = \"https://HOST/system/bounce_webhook?type=pmta\"",
			                  "not configured yet: url is empty, and nothing is sent; "
			                  "the receiver was not checked");
			continue;
		}
		check_secret(d, what, "signature-file", e->signature_file, true);
		check_secret(d, what, "token-file", e->token_file, true);
		check_secret(d, what, "client-key", e->client_key, false);
		check_certificate(d, what, "client-cert", e->client_cert);
		check_certificate(d, what, "ca-file", e->ca_file);
		check_key(d, what, e);
		if (!*e->signature_file && !*e->token_file && !*e->client_cert && e->headers.n == 0)
			finding_fix(&d->to, FINDING_INFO, what,
			            "signature-file = \"/etc/pmta-shipper/signature\"",
			            "no credentials are configured: Octeth 6 and later answers 401 "
			            "without them");
	}
}
