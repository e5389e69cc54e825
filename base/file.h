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

/*
 * Opens a regular file that a user named.  A fifo would block until somebody writes into it.
 * Returns the descriptor or a negative errno: -EMEDIUMTYPE for a fifo, socket or device, -EISDIR.
 */
int file_open(const char *path) MUST_CHECK;

/*
 * The same for what is read once from beginning to end: a pipe of the shell (/dev/stdin, /dev/fd/N)
 * is allowed, too; a folder is opened, and reading it gives -EISDIR.
 */
int file_open_stream(const char *path) MUST_CHECK;

/* Returns the text for an error of these. */
const char *file_error(int rc);

#endif
