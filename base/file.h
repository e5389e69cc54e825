/*
 * file.h - reads a small file whole.
 *
 * Both functions return 0 with all bytes, 1 with the first max bytes when there are more, or a
 * negative errno.  The caller frees *ret, which has a NUL after its *ret_len bytes.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>

#include "base/err.h"

/* Reads from the current position of fd; a pipe is read until its other end is closed. */
int file_read_fd(int fd, size_t max, char **ret, size_t *ret_len) MUST_CHECK;

/*
 * Reads a regular file.  A pipe or a device could block, so it gives -EINVAL (a folder: -EISDIR).
 * Returns -ESTALE when the file becomes shorter meanwhile: another process is writing it.
 */
int file_read(const char *path, size_t max, char **ret, size_t *ret_len) MUST_CHECK;

#endif
