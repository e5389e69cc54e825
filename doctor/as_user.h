/*
 * as_user.h - runs a check in a process of its own, as the service's user.
 */
#ifndef DOCTOR_AS_USER_H
#define DOCTOR_AS_USER_H

#include "doctor/doctor.h"

typedef void as_user_fn(const struct doctor *d);

/*
 * Runs a check as d->user, bounded in time; its findings go to d->to, as well as a finding about
 * "what" if the check fails.  A caller who is not root runs it as himself; doctor_service() reports
 * that.
 */
void as_user_run(const struct doctor *d, as_user_fn *check, const char *what);

#endif
