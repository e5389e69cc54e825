/*
 * as_user.h - a check in a process of its own, as the service's user.
 */
#ifndef DOCTOR_AS_USER_H
#define DOCTOR_AS_USER_H

#include "doctor/doctor.h"

typedef void as_user_fn(const struct doctor *d);

/*
 * Run a check as d->user, bounded in time; its findings go to d->to, and so does the news that it
 * did not end well, about "what".  Whoever is not root runs it as himself, which is told elsewhere.
 */
void as_user_run(const struct doctor *d, as_user_fn *check, const char *what);

#endif
