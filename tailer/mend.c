#include "tailer/mend.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whose a path is: each answer stands in libc's memory only until the next call. */
struct owner {
	char user[64], group[64];
	mode_t mode;
};

static void owner_of(const struct stat *st, struct owner *ret)
{
	const struct passwd *p = getpwuid(st->st_uid);
	(void)snprintf(ret->user, sizeof(ret->user), "%s", p ? p->pw_name : "nobody known");
	const struct group *g = getgrgid(st->st_gid);
	(void)snprintf(ret->group, sizeof(ret->group), "%s", g ? g->gr_name : "GROUP");
	ret->mode = st->st_mode;
}

/* The first folder on the way that may not be passed; false when all may. */
static bool closed_folder(const char *path, char *ret, size_t size)
{
	struct stat st;
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int n = snprintf(ret, size, "%.*s/.", (int)(slash - path), path);
		if (n < 0 || (size_t)n >= size)
			return false;
		if (stat(ret, &st) < 0 && errno == EACCES) {
			ret[slash - path] = '\0';
			return true;
		}
	}
	return false;
}

void mend_unreadable(const char *path, char *ret_why, size_t why_size, char *ret_how,
                     size_t how_size)
{
	char folder[PATH_MAX];
	struct owner o = {0};
	struct stat st;
	bool closed = closed_folder(path, folder, sizeof(folder));
	const char *object = closed ? folder : path;
	if (stat(object, &st) < 0) {
		(void)snprintf(ret_why, why_size, "which folder is closed cannot be seen");
		(void)snprintf(ret_how, how_size, "namei -l %s", path);
		return;
	}
	owner_of(&st, &o);
	const struct passwd *p = getpwuid(geteuid());
	/* A folder is passed with x, and listed with r as well. */
	bool is_folder = S_ISDIR(st.st_mode);
	mode_t need = is_folder ? (closed ? S_IXGRP : S_IRGRP | S_IXGRP) : S_IRGRP;
	(void)snprintf(ret_why, why_size, "%s%s%sit belongs to %s:%s, mode %04o",
	               closed ? "folder " : "", closed ? folder : "", closed ? " is closed; " : "",
	               o.user, o.group, (unsigned)o.mode & 07777);
	/* Nobody is put into root's group for a file. */
	if (st.st_gid == 0)
		(void)snprintf(ret_how, how_size, "chmod o+%s %s%s",
		               !is_folder ? "r"
		               : closed   ? "x"
		                          : "rx",
		               object,
		               is_folder ? "" : ", and world-readable yes in PowerMTA's acct-file");
	else if ((o.mode & need) == need)
		(void)snprintf(ret_how, how_size, "usermod -a -G %s %s, and restart the service",
		               o.group, p ? p->pw_name : "USER");
	else
		(void)snprintf(ret_how, how_size, "chmod g+%s %s",
		               !is_folder ? "r"
		               : closed   ? "x"
		                          : "rx",
		               object);
}
