/*
 * shim.c - preloaded into the agent: lets one call fail.
 *
 *     PMTA_SHIM=alloc:N    the Nth allocation gives NULL
 *     PMTA_SHIM=read:N     the Nth read, pread, preadv gives EIO
 *     PMTA_SHIM=write:N    the Nth pwrite, write to a file gives ENOSPC
 *     PMTA_SHIM=sync:N     the Nth fsync, fdatasync gives EIO
 *     PMTA_SHIM=open:N     the Nth open gives EMFILE
 *     PMTA_SHIM=resolve:S  looking up slow.test takes S seconds (and gives 127.0.0.1)
 *     PMTA_SHIM=deaf:1     inotify reports no changes, as on NFS or FUSE
 *
 * Counting begins with the process, or (PMTA_SHIM_SIGNAL=1) with a SIGUSR1.  The failed call is
 * reported on standard error.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static char kind[16];
static long left = -1;
static volatile sig_atomic_t counting = 1;

static void count(int number)
{
	(void)number;
	counting = 1;
}

__attribute__((constructor)) static void begin(void)
{
	const char *wanted = getenv("PMTA_SHIM");
	const char *colon = wanted ? strchr(wanted, ':') : NULL;
	if (!colon || (size_t)(colon - wanted) >= sizeof(kind))
		return;
	if (getenv("PMTA_SHIM_SIGNAL")) {
		counting = 0;
		(void)signal(SIGUSR1, count);
	}
	memcpy(kind, wanted, (size_t)(colon - wanted));
	left = atol(colon + 1);
}

/* Returns true if this call is the one that fails. */
static int fails(const char *what)
{
	if (!counting || left <= 0 || strcmp(kind, what) != 0 || --left > 0)
		return 0;
	left = -1;
	static const char text[] = "shim: failed one\n";
	(void)!syscall(SYS_write, 2, text, sizeof(text) - 1);
	return 1;
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

void *malloc(size_t size)
{
	if (fails("alloc")) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	if (fails("alloc")) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	if (fails("alloc")) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_realloc(p, size);
}

#define NEXT(type, name, args)                                                                     \
	static type(*next) args;                                                                   \
	if (!next)                                                                                 \
		*(void **)&next = dlsym(RTLD_NEXT, name);

#define FAIL(what, code)                                                                           \
	if (fails(what)) {                                                                         \
		errno = code;                                                                      \
		return -1;                                                                         \
	}

ssize_t read(int fd, void *data, size_t n)
{
	NEXT(ssize_t, "read", (int, void *, size_t))
	FAIL("read", EIO)
	return next(fd, data, n);
}

ssize_t pread64(int fd, void *data, size_t n, off64_t offset)
{
	NEXT(ssize_t, "pread64", (int, void *, size_t, off64_t))
	FAIL("read", EIO)
	return next(fd, data, n, offset);
}

ssize_t pread(int fd, void *data, size_t n, off_t offset)
{
	return pread64(fd, data, n, offset);
}

ssize_t preadv64(int fd, const struct iovec *iov, int n, off64_t offset)
{
	NEXT(ssize_t, "preadv64", (int, const struct iovec *, int, off64_t))
	FAIL("read", EIO)
	return next(fd, iov, n, offset);
}

ssize_t preadv(int fd, const struct iovec *iov, int n, off_t offset)
{
	return preadv64(fd, iov, n, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t offset)
{
	NEXT(ssize_t, "pwrite64", (int, const void *, size_t, off64_t))
	FAIL("write", ENOSPC)
	return next(fd, data, n, offset);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t offset)
{
	return pwrite64(fd, data, n, offset);
}

int fsync(int fd)
{
	NEXT(int, "fsync", (int))
	FAIL("sync", EIO)
	return next(fd);
}

int fdatasync(int fd)
{
	NEXT(int, "fdatasync", (int))
	FAIL("sync", EIO)
	return next(fd);
}

int open64(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	mode_t mode = va_arg(args, mode_t);
	va_end(args);
	NEXT(int, "open64", (const char *, int, ...))
	FAIL("open", EMFILE)
	return next(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	mode_t mode = va_arg(args, mode_t);
	va_end(args);
	NEXT(int, "open", (const char *, int, ...))
	FAIL("open", EMFILE)
	return next(path, flags, mode);
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret)
{
	NEXT(int, "getaddrinfo",
	     (const char *, const char *, const struct addrinfo *, struct addrinfo **))
	if (strcmp(kind, "resolve") == 0 && name && strcmp(name, "slow.test") == 0) {
		(void)sleep((unsigned)left);
		name = "127.0.0.1";
	}
	return next(name, service, hints, ret);
}

int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	NEXT(int, "inotify_add_watch", (int, const char *, uint32_t))
	return next(fd, path, strcmp(kind, "deaf") == 0 ? IN_DELETE_SELF : mask);
}
