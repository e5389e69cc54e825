#include "doctor/closed.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/permission.h"

/* On NFS the server may give root fewer rights than the owner. */
const char *closed_on_nfs(const char *path)
{
	struct statfs fs;
	return statfs(path, &fs) == 0 && fs.f_type == NFS_SUPER_MAGIC
	               ? " (it is on NFS: root may have to do this on the server)"
	               : "";
}

void closed_tell(const struct doctor *d, const char *what, const char *path, int error,
                 const char *then)
{
	char why[PATH_MAX + 256], how[PATH_MAX + 256];
	if (error == EACCES && user_is_other(&d->user)) {
		finding_unchecked(
		        &d->to, FINDING_INFO, what, NULL,
		        "not checked: user %s may not read \"%s\"; the service may be able to",
		        d->tester, path);
		return;
	}
	if (error != EACCES) {
		finding_tell(&d->to, FINDING_PROBLEM, what, "\"%s\": %s; %s", path, strerror(error),
		             then);
		return;
	}
	permission_unreadable(path, why, sizeof(why), how, sizeof(how));
	finding_fix(&d->to, FINDING_PROBLEM, what, how, "user %s may not read \"%s\": %s; %s%s",
	            d->user.name, path, why, then, closed_on_nfs(path));
}
