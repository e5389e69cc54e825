/*
 * domains.h - events by large recipient domain, in a fixed amount of memory.
 *
 * Domains share the cells of a small table.  A domain gets its own slot when it was seen
 * DOMAIN_LARGE times more often than the other domains in its cell; the first DOMAINS_MAX domains
 * to get there keep their slots.  All other domains, and the events before a domain had its slot,
 * are counted together.  So no small domain, which may belong to one person, is ever named, and
 * every count only grows.
 */
#ifndef STATUS_DOMAINS_H
#define STATUS_DOMAINS_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define DOMAINS_MAX 32
#define DOMAIN_LARGE 100
#define DOMAIN_SIZE 64 /* a longer name gets no slot; large domains have short names */
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

/* Counts one event for the domain of the address. */
void domains_count(struct domains *d, struct slice address);

#endif
