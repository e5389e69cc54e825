/*
 * text.h - prints text of any length into memory.
 *
 *	struct text t;
 *	FILE *f = text_begin(&t);
 *	if (f)
 *		fprintf(f, ...);
 *	char *s = text_end(&t);
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "base/hash.h"

struct text {
	size_t len; /* known at the end; the rest is text.c's own */
	size_t room;
	char *text;
	bool cut; /* memory ran out */
	FILE *f;
};

/* Returns NULL without memory; then text_end() returns NULL, too.  t must stay where it is. */
FILE *text_begin(struct text *t);

/*
 * Returns the text, with a NUL after its t->len bytes, which the caller frees.  Returns NULL when
 * memory ran out, now or before.
 */
char *text_end(struct text *t) MUST_CHECK;

/* The same, but only for the text's hash.  Returns 0 or -ENOMEM. */
int text_hash(struct text *t, struct hash128 *ret) MUST_CHECK;

#endif
