/*
 * user.h - the user the service runs as, and its rights.
 */
#ifndef DOCTOR_USER_H
#define DOCTOR_USER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "conf/conf.h"
#include "doctor/unit.h"
#include "pmta/verify.h"

#define USER_SERVICE "pmta-shipper"
#define USER_PMTA_GROUP "pmta"
#define USER_GROUPS_MAX 16

struct user {
	char name[64]; /* or "uid 123" */
	uid_t uid;
	gid_t gid;
	gid_t more[USER_GROUPS_MAX]; /* groups that the unit adds */
	int nmore;
	bool guessed; /* no unit, no state-dir and no user of the package: the caller */
	bool of_unit; /* as its unit says */
};

/*
 * Finds the user of the unit; else the owner of state-dir; if that does not exist, the package's
 * user; else the caller.  unit may be NULL: not known.
 */
void user_of_service(const struct conf *conf, const struct unit *unit, struct user *ret);

/*
 * Returns true if checks run as another user than the service's, because the caller is not root:
 * what this process may not read, the service may well be able to.
 */
bool user_is_other(const struct user *u);

/* Returns ret with the name as a command takes it: of a user without an account, the number. */
const char *user_argument(const struct user *u, char ret[64]);

/* Returns ret with the name of the user's own group, or its number. */
const char *user_group_name(const struct user *u, char ret[64]);

/*
 * Returns how the user reads PowerMTA's files: through the group of the existing files.  A guessed
 * user, or root, counts as no member of it, and the package's user is named instead.
 */
struct verify_reader user_reader(const struct user *u, const struct conf *conf);

/* Becomes that user for good, with all its groups.  Returns 0 or a negative errno. */
int user_become(const struct user *u) MUST_CHECK;

#endif
