/*
 * as_user.h - the checks of `doctor`; for agent/doctor*.c and cmd_doctor.c.
 *
 * Each check tells at least one finding, even if only that all is well.  None of them changes
 * anything, and none sends an event, but for doctor_send_test().
 */
#ifndef DOCTOR_AS_USER_H
#define DOCTOR_AS_USER_H

#include <stdbool.h>

#include "base/finding.h"
#include "conf/conf.h"
#include "doctor/user.h"
#include "pmta/config.h"

struct doctor {
	const struct conf *conf;
	const char *pmta_path;
	bool pmta_given;          /* on the command line: then it has to be there */
	struct pmta_config *pmta; /* NULL when it could not be read */
	struct strlist
	        cleaners; /* by source: what seems to delete moved files ("FILE:LINE"), or "" */
	char *with;       /* " -c FILE", for the commands that are named; "" for the default one */
	bool send_test;
	struct user user;
	struct teller to;
};

typedef void doctor_fn(const struct doctor *d);

/*
 * Run a check as the service's user, in a process of its own; bounded in time.  Whoever is not
 * root runs it as himself, which was said.
 */
void doctor_as_user(const struct doctor *d, doctor_fn *check, const char *what);

/* doctor_files.c (as the user) */
void doctor_accounting(const struct doctor *d); /* files and folders can be read */
void doctor_folders(const struct doctor *d);    /* state-dir, runtime-dir can be written */
void doctor_secrets(const struct doctor *d);    /* modes; certificates and their dates */
/* doctor_rules.c (as the user) */
void doctor_rules(const struct doctor *d);
/* doctor_pmta.c */
void doctor_pmta(const struct doctor *d);   /* directives --verify */
void doctor_sample(const struct doctor *d); /* as the user: what recent rows say */
void doctor_mail(const struct doctor *d);   /* MX of the bounce domains */
/* doctor_net.c */
void doctor_endpoints(const struct doctor *d);
/* doctor_host.c */
void doctor_service(const struct doctor *d);
void doctor_inotify(const struct doctor *d); /* as the user */
void doctor_descriptors(const struct doctor *d);
void doctor_disk(const struct doctor *d);
void doctor_shippers(const struct doctor *d);
/* doctor_store.c (as the user) */
void doctor_store(const struct doctor *d);
void doctor_time_left(const struct doctor *d);

/* "12.3 MB" */
#define DOCTOR_SIZE_MAX 32
const char *doctor_size(uint64_t bytes, char ret[DOCTOR_SIZE_MAX]);

/* "2026-11-21" of a real time in seconds. */
#define DOCTOR_DATE_MAX 24
const char *doctor_date(int64_t seconds, char ret[DOCTOR_DATE_MAX]);

#endif
