/*
 * gz.h - gzip (RFC 1952), for archived files and request bodies.  Only gz.c includes zlib.
 */
#ifndef BASE_GZ_H
#define BASE_GZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct gz;

/* Returns true if the file begins like a .gz, whatever its name is. */
bool gz_begins(int fd);

/* Reads a .gz file through a descriptor that the caller owns.  Returns 0 or a negative errno. */
int gz_open(struct gz **ret, int fd) MUST_CHECK;
struct gz *gz_close(struct gz *gz);

/*
 * Like pread(2), with offsets in the uncompressed bytes.  Reading forward is cheap; reading back
 * starts again from the beginning.  A file that is still being written ends where its data ends
 * for now.  Returns -EBADMSG when the data is not gzip or is damaged.
 */
ssize_t gz_read_at(struct gz *gz, void *data, size_t len, uint64_t offset) MUST_CHECK;

/*
 * Moves the position to offset, or to the end of the data for now if that comes first.  Unpacks at
 * most *left bytes (NULL: no limit), and reduces *left by what it read and unpacked.  Returns 0, or
 * -EAGAIN when *left is used up (the same call continues), or like gz_read_at().
 */
int gz_skip_to(struct gz *gz, uint64_t offset, uint64_t *left) MUST_CHECK;

/* Returns true if the end that gz_read_at() has reached is also the end of the gzip data. */
bool gz_whole(const struct gz *gz);

/*
 * Gives the uncompressed length of a .gz, modulo 2^32, from its trailer (RFC 1952): a hint that
 * needs no decompression.  Returns false when the file is not a .gz.
 */
bool gz_length_hint(int fd, uint32_t *ret);

/* Returns the largest size that gz_compress() may need for len bytes. */
size_t gz_bound(size_t len);

/* Compresses data; ret has room for *ret_len bytes on entry.  Returns 0, -ENOMEM or -ENOSPC. */
int gz_compress(const void *data, size_t len, void *ret, size_t *ret_len) MUST_CHECK;

#endif
