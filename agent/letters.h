/*
 * letters.h - dead letters on their way to the store: kept in memory until the next commit.
 */
#ifndef AGENT_LETTERS_H
#define AGENT_LETTERS_H

#include "state/store.h"

/* What may wait for the store; at that, reading stops. */
#define LETTERS_BYTES_MAX (256 << 10)

struct letter {
	struct store_dead d; /* its texts are pieces of memory, or fixed words */
	char *memory;
	bool again; /* it is in the store, and was refused again */
};

struct letters {
	struct letter *all;
	size_t n, room, bytes;
};

/* Keep a copy of all of it, the answer cut short.  0 or -ENOMEM. */
int letters_add(struct letters *l, const struct store_dead *d, bool again) MUST_CHECK;

/*
 * Put all into the store, within a transaction, and add what was not there before to *ret_records
 * and *ret_bytes.  0 or a negative errno.
 */
int letters_put(const struct letters *l, struct store *store, int64_t *ret_records,
                int64_t *ret_bytes) MUST_CHECK;

/* They are committed. */
void letters_clear(struct letters *l);
void letters_close(struct letters *l);

#endif
