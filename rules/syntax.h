/*
 * syntax.h - what can be said of a regular expression without running it.
 *
 * Which literal parts every match must contain, so that it need not be tried on texts without them,
 * and where repeats end, so that their cost can be counted.  It knows the common part of Perl's
 * syntax; of anything else it says that it has not understood, and promises nothing.  What it does
 * promise is one-sided: a text without one of each set's literals cannot match; the reverse is not
 * said.
 */
#ifndef RULES_SYNTAX_H
#define RULES_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

#define SYNTAX_LITERALS_MAX 128 /* in one set */
#define SYNTAX_LITERAL_MAX 255

/* A match contains at least one of these, in some case (they are lower-case). */
struct literal_set {
	struct slice *v; /* its texts are allocated, too */
	size_t n;
};

struct syntax {
	bool understood;
	bool plain;   /* to match is to contain one of sets[0]: there is no more to it */
	bool start;   /* looks at where the text begins, or at what stands before a place */
	bool repeats; /* has repeats: its cost may grow faster than the text */
	struct literal_set *sets;
	size_t nsets;
	size_t bars[SYNTAX_LITERALS_MAX]; /* where "|" stands outside brackets: each part can be
	                                     tried */
	size_t nbars;                     /* by itself */
	char *guarded; /* the same with a callout behind every repeat; NULL without repeats */
	size_t guarded_len;
};

/* 0 or -ENOMEM.  syntax_clear() in any case. */
int syntax_read(struct syntax *ret, struct slice regex) MUST_CHECK;
void syntax_clear(struct syntax *s);

void literal_set_clear(struct literal_set *set);

#endif
