/*
 * syntax.h - analyses a regular expression without running it.
 *
 * It finds the literal parts that every match must contain, so that the expression need not be
 * tried on texts without them, and the places where repeats end, so that their cost can be counted.
 * It knows the common part of Perl's syntax; anything else is "not understood", and has no result.
 * The result is one-sided: a text without one of each set's literals cannot match, but a text with
 * them need not match.
 */
#ifndef RULES_SYNTAX_H
#define RULES_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

#define SYNTAX_LITERALS_MAX 128 /* in one set */
#define SYNTAX_LITERAL_MAX 255

/* A match contains at least one of these, ignoring case (they are lower-case). */
struct literal_set {
	struct slice *v; /* its texts are allocated, too */
	size_t n;
};

struct syntax {
	bool understood;
	bool plain;   /* a text matches exactly if it contains one of sets[0] */
	bool start;   /* depends on the start of the text, or on the text before a place */
	bool repeats; /* has repeats: its cost may grow faster than the text */
	struct literal_set *sets;
	size_t nsets;
	/* Offsets of "|" outside brackets: each part can be tried by itself. */
	size_t bars[SYNTAX_LITERALS_MAX];
	size_t nbars;
	char *guarded; /* the same with a callout after every repeat; NULL without repeats */
	size_t guarded_len;
};

/* Returns 0 or -ENOMEM.  Call syntax_clear() in any case. */
int syntax_read(struct syntax *ret, struct slice regex) MUST_CHECK;
void syntax_clear(struct syntax *s);

void literal_set_clear(struct literal_set *set);

#endif
