#include "service/runtime_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"

static int held(int fd, const char *dir, struct err *err)
{
	char who[RUNTIME_WHO_SIZE];
	ssize_t n = pread(fd, who, sizeof(who) - 1, 0);
	who[n > 0 ? n : 0] = '\0';
	who[strcspn(who, "\n")] = '\0';
	return err_set(err, -EBUSY,
	               "runtime-dir \"%s\" is in use by another pmta-shipper (%.300s): give each "
	               "its own runtime-dir, or stop that one first",
	               dir, *who ? who : "starting just now");
}

int runtime_lock(const char *dir, const char *who, int *ret_fd, struct err *err)
{
	char path[PATH_MAX];
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return err_set(err, -errno, "make runtime-dir \"%s\": %m", dir);
	if (snprintf(path, sizeof(path), "%s/control.lock", dir) >= (int)sizeof(path))
		return err_set(err, -ENAMETOOLONG, "runtime-dir \"%s\": the name is too long", dir);
	scope_close int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(err, -errno, "open \"%s\": %m", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? held(fd, dir, err)
		                            : err_set(err, -errno, "lock \"%s\": %m", path);
	/* Only for people: a full disk must not keep the agent from starting. */
	if (ftruncate(fd, 0) == 0)
		(void)dprintf(fd, "%s\n", who);
	*ret_fd = STEAL_FD(fd);
	return 0;
}
