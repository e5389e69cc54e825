/*
 * prefilter.h - finds which of many literals occur in a text, in one pass (Aho-Corasick).
 *
 * The automaton is a table of transitions over classes of bytes; bytes that occur in no literal
 * share a class.  Only a piece of a long literal is in the automaton; the rest is compared where
 * the piece was found.  This keeps the table small enough for the cache.
 */
#ifndef RULES_PREFILTER_H
#define RULES_PREFILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct prefilter;

/* The literals in one text; reused for the next text. */
struct hits {
	uint32_t *seen; /* by literal: equal to turn if it occurs */
	uint32_t turn;
	uint32_t *list; /* the literals that occur, each once */
	size_t n, room;
};

/* Literals must be lower-case, not empty, unique, and outlive the prefilter.  0 or -ENOMEM. */
int prefilter_new(struct prefilter **ret, const struct slice *literals, size_t n) MUST_CHECK;
struct prefilter *prefilter_free(struct prefilter *p);

size_t prefilter_size(const struct prefilter *p); /* bytes; 0 for NULL */

int hits_new(struct hits *ret, const struct prefilter *p) MUST_CHECK;
void hits_clear(struct hits *h);
void hits_begin(struct hits *h); /* for another text */

/* Adds the literals that occur in text, which is lower-case. */
void prefilter_scan(const struct prefilter *p, struct slice text, struct hits *h);

static inline bool hits_has(const struct hits *h, uint32_t literal)
{
	return h->seen[literal] == h->turn;
}

#endif
