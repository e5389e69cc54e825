/*
 * file.h - a small file, read whole.
 *
 * Both return 0 with all there is, 1 when that is more than max bytes (then these are the first),
 * or a negative errno.  *ret is the caller's to free, and has a NUL after its *ret_len bytes.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>

#include "base/err.h"

/* From where fd stands; of a pipe, until its other end is closed. */
int file_read_fd(int fd, size_t max, char **ret, size_t *ret_len) MUST_CHECK;

/*
 * A plain file: a pipe or a device would be waited for, and is -EINVAL (a folder: -EISDIR).
 * -ESTALE when it becomes shorter meanwhile: somebody writes it.
 */
int file_read(const char *path, size_t max, char **ret, size_t *ret_len) MUST_CHECK;

#endif
