#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"

int file_read_fd(int fd, size_t max, char **ret, size_t *ret_len)
{
	scope_free char *text = malloc(max + 1);
	size_t len = 0;
	if (!text)
		return -ENOMEM;
	while (len <= max) {
		ssize_t n = read(fd, text + len, max + 1 - len); /* one more: is it all? */
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	bool cut = len > max;
	len -= cut;
	text[len] = '\0';
	*ret = STEAL(text);
	*ret_len = len;
	return cut;
}

int file_read(const char *path, size_t max, char **ret, size_t *ret_len)
{
	struct stat st;
	scope_free char *text = NULL;
	size_t len;
	scope_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	int rc = file_read_fd(fd, max, &text, &len);
	if (rc == 0 && len < (size_t)st.st_size)
		return -ESTALE;
	if (rc < 0)
		return rc;
	*ret = STEAL(text);
	*ret_len = len;
	return rc;
}

static bool from_shell(const char *path)
{
	return strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0;
}

static int open_kind(const char *path, bool stream)
{
	struct stat st;
	scope_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return errno == ENXIO ? -EMEDIUMTYPE : -errno; /* a socket */
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode) && !stream)
		return -EISDIR;
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return STEAL_FD(fd);
	if (!stream || !from_shell(path))
		return -EMEDIUMTYPE;
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
		return -errno;
	return STEAL_FD(fd);
}

int file_open(const char *path)
{
	return open_kind(path, false);
}

int file_open_stream(const char *path)
{
	return open_kind(path, true);
}

const char *file_error(int rc)
{
	return rc == -EMEDIUMTYPE ? "not a regular file" : strerror(-rc);
}
