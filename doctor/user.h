/*
 * user.h - the user the service runs as, and its rights.
 */
#ifndef DOCTOR_USER_H
#define DOCTOR_USER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "conf/conf.h"
#include "pmta/verify.h"

#define USER_SERVICE "pmta-shipper"
#define USER_PMTA_GROUP "pmta"

struct user {
	char name[64]; /* or "uid 123" */
	uid_t uid;
	gid_t gid;
	bool guessed; /* no state-dir and no user of the package: the caller */
};

/* Finds the owner of state-dir; if it does not exist, the package's user; else the caller. */
void user_of_service(const struct conf *conf, struct user *ret);

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
