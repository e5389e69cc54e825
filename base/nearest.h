/*
 * nearest.h - finds the name that a misspelt one was meant to be.
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

/* Returns the one of n names that is most like name, or NULL if none is near. */
const char *nearest_of(const char *name, const char *const *names, size_t n);

/*
 * The same, one candidate at a time, for names that are not in an array.  Returns true if candidate
 * is nearer than those before.  *best is NEAREST_NONE before the first.  A name of NEAREST_NONE
 * letters or more is never near.
 */
#define NEAREST_NONE 40
bool nearest_is(const char *name, const char *candidate, unsigned *best);

/* For "%s%s%s": " (did you mean 'NAME'?)", or nothing for NULL. */
#define NEAREST_HINT(name)                                                                         \
	(name) ? " (did you mean '" : "", (name) ? (name) : "", (name) ? "'?)" : ""

#endif
