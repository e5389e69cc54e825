#include "base/permission.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_SIZE 64
#define GROUPS_MAX 256

/* An answer is valid in libc's memory only until the next call, so it is copied at once. */
static void name_user(uid_t uid, char ret[NAME_SIZE])
{
	const struct passwd *p = getpwuid(uid);
	if (p)
		(void)snprintf(ret, NAME_SIZE, "%s", p->pw_name);
	else
		(void)snprintf(ret, NAME_SIZE, "%u", (unsigned)uid);
}

static void name_group(gid_t gid, char ret[NAME_SIZE])
{
	const struct group *g = getgrgid(gid);
	if (g)
		(void)snprintf(ret, NAME_SIZE, "%s", g->gr_name);
	else
		(void)snprintf(ret, NAME_SIZE, "%u", (unsigned)gid);
}

static bool in_group(gid_t gid)
{
	gid_t groups[GROUPS_MAX];
	int n = getgroups(GROUPS_MAX, groups);
	for (int i = 0; i < n; i++) {
		if (groups[i] == gid)
			return true;
	}
	return gid == getegid();
}

/*
 * Cuts path down to its uppermost folder that this process may not enter.  Returns false when it
 * may enter all of them.
 */
static bool find_closed(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
			return true;
		*p = '/';
	}
	return false;
}

void permission_unreadable(const char *path, char *ret_why, size_t why_size, char *ret_how,
                           size_t how_size)
{
	char at[PATH_MAX], owner[NAME_SIZE], group[NAME_SIZE], user[NAME_SIZE], own[NAME_SIZE];
	struct stat st;
	(void)snprintf(at, sizeof(at), "%s", path);
	bool folder = find_closed(at);
	if (stat(at, &st) < 0) {
		(void)snprintf(ret_why, why_size, "to see what is closed");
		(void)snprintf(ret_how, how_size, "namei -l %s", path);
		return;
	}
	folder = folder || S_ISDIR(st.st_mode);
	name_user(st.st_uid, owner);
	name_group(st.st_gid, group);
	name_user(geteuid(), user);
	name_group(getegid(), own);
	(void)snprintf(ret_why, why_size, "%s%s%sit belongs to %s:%s, mode %04o",
	               folder ? "for the folder " : "", folder ? at : "", folder ? ": " : "", owner,
	               group, (unsigned)st.st_mode & 07777);
	const char *what = folder ? "g+rx" : "g+r";
	unsigned wanted = folder ? S_IRGRP | S_IXGRP : S_IRGRP;
	if (in_group(st.st_gid))
		(void)snprintf(ret_how, how_size, "chmod %s %s", what, at);
	else if (st.st_gid == 0) /* nobody should join root's group */
		(void)snprintf(ret_how, how_size, "chmod %s %s && chgrp %s %s", what, at, own, at);
	else if ((st.st_mode & wanted) == wanted)
		(void)snprintf(ret_how, how_size, "usermod -a -G %s %s, and restart the service",
		               group, user);
	else
		(void)snprintf(ret_how, how_size,
		               "chmod %s %s && usermod -a -G %s %s, and restart the service", what,
		               at, group, user);
}

void permission_advice(const char *path, char *ret, size_t size)
{
	char why[PATH_MAX + 256], how[2 * PATH_MAX + 256];
	permission_unreadable(path, why, sizeof(why), how, sizeof(how));
	(void)snprintf(ret, size, "%s: %s", why, how);
}
