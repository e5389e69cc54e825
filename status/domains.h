/*
 * domains.h - events by large recipient domain, in memory that is fixed.
 *
 * A domain gets a slot of its own when it has been seen DOMAIN_LARGE times more often than the
 * domains it shares a cell of a small table with; the first DOMAINS_MAX that come so far keep
 * their slots.  All others, and what they had before, count together.  So no small domain, which
 * may be a person's own, is ever named, and every count only grows.
 */
#ifndef STATUS_DOMAINS_H
#define STATUS_DOMAINS_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define DOMAINS_MAX 32
#define DOMAIN_LARGE 100
#define DOMAIN_SIZE 64 /* a longer name has no slot; what is large has a short one */
#define DOMAIN_CELLS 256

struct domains {
	struct {
		uint64_t hash, events;
		char name[DOMAIN_SIZE]; /* lower case; letters, digits, dots, dashes */
	} slots[DOMAINS_MAX];
	size_t n;
	uint64_t others;
	struct {
		uint64_t hash;
		uint32_t events;
	} cells[DOMAIN_CELLS];
};

/* One event of the domain that address ends with. */
void domains_count(struct domains *d, struct slice address);

#endif
