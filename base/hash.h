/*
 * hash.h - one hash for everything: eventIds, proofs, idempotency keys, configuration digests.
 *
 * XXH3-128 (xxHash 0.8 specification), in its canonical big-endian form, so that a hash that
 * is stored or sent is the same on every machine.  It is not cryptographic: it recognises data,
 * and does not protect against forgery.
 * Only hash.c includes libxxhash.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>

#define HASH_HEX_SIZE 33 /* 32 digits and the NUL */

struct hash128 {
	unsigned char bytes[16];
};

struct hash128 hash_bytes(const void *data, size_t len);

/* The hash of several pieces in a row, where the first piece is the same for many hashes. */
struct hash_begun {
	unsigned char bytes[576]; /* libxxhash's state, at any alignment */
};
void hash_begin(struct hash_begun *ret, const void *data, size_t len);
struct hash128 hash_end(const struct hash_begun *begun, const void *a, size_t alen, const void *b,
                        size_t blen);

bool hash_equal(const struct hash128 *a, const struct hash128 *b);
bool hash_is_zero(const struct hash128 *h);

/* Writes 32 lower-case hex digits and a NUL into ret. */
void hash_hex(const struct hash128 *h, char ret[HASH_HEX_SIZE]);

/* Reads 32 hex digits.  Returns false and leaves *ret untouched when text is anything else. */
bool hash_from_hex(const char *text, struct hash128 *ret);

#endif
