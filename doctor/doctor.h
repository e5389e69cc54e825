/*
 * doctor.h - everything that can be known before the first record, one finding after another.
 *
 * Each check tells at least one finding, even if only that all is well.  None of them changes
 * anything, and none sends an event unless send_test asks for it.
 */
#ifndef DOCTOR_DOCTOR_H
#define DOCTOR_DOCTOR_H

#include <stdbool.h>

#include "base/finding.h"
#include "base/slice.h"
#include "conf/conf.h"
#include "doctor/user.h"
#include "pmta/config.h"

struct doctor {
	const struct conf *conf; /* loaded to look */
	const char *pmta_path;
	bool pmta_given;  /* on the command line: then it has to be there */
	const char *with; /* " -c FILE", for the commands that are named; "" for the default one */
	bool send_test;
	struct teller to;
	/* Found out by doctor_examine(), for the checks. */
	struct user user;
	struct pmta_config *pmta; /* NULL when it could not be read */
	/* By source: what seems to delete moved files ("FILE:LINE"), or "". */
	struct strlist cleaners;
};

/* Run every check; the findings go to d->to.  Returns 0 or -ENOMEM. */
int doctor_examine(struct doctor *d) MUST_CHECK;

#endif
