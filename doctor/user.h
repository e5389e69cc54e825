/*
 * user.h - who the service runs as, and what that user can do.
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
	bool guessed; /* no state-dir and no user of the package: whoever asks */
};

/* The owner of state-dir; before there is one, the package's user; else the caller. */
void user_of_service(const struct conf *conf, struct user *ret);

/* The name of the user's own group, or its number. */
const char *user_group_name(const struct user *u, char ret[64]);

/*
 * How the user reads the files of PowerMTA: through the group of those there are.  Whoever is
 * guessed, or is root, is no member: the package's user is named then.
 */
struct verify_reader user_reader(const struct user *u, const struct conf *conf);

/* Become that user, with all its groups, for good.  0 or a negative errno. */
int user_become(const struct user *u) MUST_CHECK;

#endif
