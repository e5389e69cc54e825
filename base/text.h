/*
 * text.h - text that is printed into memory, of any length.
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

/* NULL when there is no memory; then text_end() returns NULL, too.  t must stay where it is. */
FILE *text_begin(struct text *t);

/*
 * The text, with a NUL after its t->len bytes; the caller's to free.  NULL when memory ran out, now
 * or before.
 */
char *text_end(struct text *t) MUST_CHECK;

/* The same, for its hash alone.  0 or -ENOMEM. */
int text_hash(struct text *t, struct hash128 *ret) MUST_CHECK;

#endif
