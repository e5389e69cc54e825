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

/* Read a .gz file through a descriptor, which stays the caller's.  Returns 0 or a negative errno.
 */
int gz_open(struct gz **ret, int fd) MUST_CHECK;
struct gz *gz_close(struct gz *gz);

/*
 * Like pread(2), with offsets in the uncompressed bytes.  Going forward is cheap, going back starts
 * again from the top.  A file that is still being written ends where its data ends for now.
 * -EBADMSG when it is no gzip file or damaged.
 */
ssize_t gz_read_at(struct gz *gz, void *data, size_t len, uint64_t offset) MUST_CHECK;

/* After gz_read_at() has come to the end: whether that is the end of the gzip data, too. */
bool gz_whole(const struct gz *gz);

/*
 * How many bytes are in a .gz, modulo 2^32, as its end says (RFC 1952): a hint that costs no
 * unpacking.  False when it is none.
 */
bool gz_length_hint(int fd, uint32_t *ret);

/* The most that gz_compress() may need for len bytes. */
size_t gz_bound(size_t len);

/* Compress; ret holds *ret_len bytes on entry.  Returns 0, -ENOMEM or -ENOSPC. */
int gz_compress(const void *data, size_t len, void *ret, size_t *ret_len) MUST_CHECK;

#endif
