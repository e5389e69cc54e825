/*
 * checks.h - the checks, for doctor/ only.  Those marked "as the user" run in a process of the
 * service's user.
 */
#ifndef DOCTOR_CHECKS_H
#define DOCTOR_CHECKS_H

#include "doctor/doctor.h"

/* files.c, as the user */
void doctor_accounting(const struct doctor *d); /* files and folders can be read */
void doctor_folders(const struct doctor *d);    /* state-dir, runtime-dir can be written */

/* secrets.c, as the user: modes and texts; certificates and their dates */
void doctor_secrets(const struct doctor *d);

/* rules.c, as the user */
void doctor_rules(const struct doctor *d);

/* pmta.c */
void doctor_pmta(const struct doctor *d);   /* directives --verify */
void doctor_sample(const struct doctor *d); /* as the user: problems seen in recent rows */
void doctor_mail(const struct doctor *d);   /* MX of the bounce domains */

/* endpoints.c */
void doctor_endpoints(const struct doctor *d);

/* listen.c */
void doctor_listen(const struct doctor *d);

/* host.c */
void doctor_service(const struct doctor *d);
void doctor_inotify(const struct doctor *d); /* as the user */
void doctor_descriptors(const struct doctor *d);
void doctor_disk(const struct doctor *d);

/* shippers.c */
void doctor_shippers(const struct doctor *d);

/* cleaners.c */
void doctor_cleaners(const struct doctor *d);

/* store.c, as the user */
void doctor_store(const struct doctor *d);
void doctor_time_left(const struct doctor *d);

#endif
