/*
 * doctor.h - checks everything that can be known before the first record.
 *
 * Each check reports at least one finding, even if all is well.  None of them changes anything, and
 * none sends an event unless send_test is set.
 */
#ifndef DOCTOR_DOCTOR_H
#define DOCTOR_DOCTOR_H

#include <stdbool.h>

#include "base/finding.h"
#include "base/slice.h"
#include "conf/conf.h"
#include "doctor/unit.h"
#include "doctor/user.h"
#include "pmta/config.h"

struct doctor {
	const struct conf *conf; /* from conf_load_to_look() */
	const char *pmta_path;
	bool pmta_given;  /* on the command line, so it must exist */
	const char *with; /* " -c FILE" for the commands in the advice; "" for the default file */
	bool send_test;
	struct teller to;
	/* Set by doctor_examine(), for the checks. */
	struct unit unit;
	char unit_why[256]; /* of UNIT_UNASKED */
	struct user user;
	char tester[64]; /* who runs the checks "as the user": the user, or the caller if not root
	                  */
	struct pmta_config *pmta; /* NULL when it could not be read */
	/* By source: the "FILE:LINE" of a job that seems to delete moved files, or "". */
	struct strlist cleaners;
};

/* Runs every check; the findings go to d->to.  Returns 0 or -ENOMEM. */
int doctor_examine(struct doctor *d) MUST_CHECK;

#endif
