/*
 * temp.h - shared by the unit tests: cmocka, and a temporary folder for each test.
 */
#ifndef UNIT_TEMP_H
#define UNIT_TEMP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

/* Weak: there is one in the program, however many of its files include this header. */
__attribute__((weak)) char temp_dir[] = "/tmp/pmta-unit-XXXXXX";

static inline int temp_setup(void **state)
{
	(void)state;
	memcpy(temp_dir + sizeof(temp_dir) - 7, "XXXXXX", 6);
	return mkdtemp(temp_dir) ? 0 : -1;
}

static inline int temp_unlink(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static inline int temp_teardown(void **state)
{
	(void)state;
	return nftw(temp_dir, temp_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* Makes a file look as if nothing wrote to it for an hour. */
#define temp_age(name)                                                                             \
	assert_int_equal(                                                                          \
	        utimensat(AT_FDCWD, temp_path(name),                                               \
	                  (struct timespec[2]){{time(NULL) - 3600, 0}, {time(NULL) - 3600, 0}},    \
	                  0),                                                                      \
	        0)

/* A path in the folder.  Valid until eight more have been asked for. */
static inline const char *temp_path(const char *name)
{
	static char paths[8][512];
	static unsigned next;
	char *path = paths[next++ % 8];
	(void)snprintf(path, sizeof(paths[0]), "%s/%s", temp_dir, name);
	return path;
}

static inline void temp_put(const char *name, int flags, const void *data, size_t len)
{
	int fd = open(temp_path(name), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		fail_msg("write %s: %s", name, strerror(errno));
	(void)close(fd);
}

UNUSED static void temp_append(const char *name, const char *text)
{
	temp_put(name, O_APPEND, text, strlen(text));
}

/* Replaces the contents; the inode stays. */
UNUSED static void temp_rewrite(const char *name, const char *text)
{
	temp_put(name, O_TRUNC, text, strlen(text));
}

/* A small random number generator with a fixed seed, so that a failure repeats. */
static uint64_t temp_seed = UINT64_C(0x9e3779b97f4a7c15);

UNUSED static unsigned temp_random(unsigned below)
{
	temp_seed ^= temp_seed << 13;
	temp_seed ^= temp_seed >> 7;
	temp_seed ^= temp_seed << 17;
	return (unsigned)((temp_seed >> 16) % below);
}

#endif
