/*
 * letters.h - new dead letters, kept in memory until the next commit.
 */
#ifndef AGENT_LETTERS_H
#define AGENT_LETTERS_H

#include "state/store.h"

/* The most that may wait for the store; then reading stops. */
#define LETTERS_BYTES_MAX (256 << 10)

struct letter {
	struct store_dead d; /* its texts are pieces of memory, or constants */
	char *memory;
	bool again; /* it is already in the store, and was refused again */
};

struct letters {
	struct letter *all;
	size_t n, room, bytes;
};

/* Keeps a copy of d, with the answer cut short.  Returns 0 or -ENOMEM. */
int letters_add(struct letters *l, const struct store_dead *d, bool again) MUST_CHECK;

/*
 * Puts all letters into the store, within a transaction, and adds the new ones to *ret_records and
 * *ret_bytes.  Returns 0 or a negative errno.
 */
int letters_put(const struct letters *l, struct store *store, int64_t *ret_records,
                int64_t *ret_bytes) MUST_CHECK;

/* Forgets the letters, which are committed. */
void letters_clear(struct letters *l);
void letters_close(struct letters *l);

#endif
