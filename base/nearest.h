/*
 * nearest.h - what somebody meant who made a slip of the pen.
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

/* The one of n names that looks most like name; NULL if none does. */
const char *nearest_of(const char *name, const char *const *names, size_t n);

/*
 * The same one candidate at a time, for names that stand in no array: whether it is nearer than
 * those before.  *best is NEAREST_NONE before the first.  Names of NEAREST_NONE letters or more are
 * near to nothing.
 */
#define NEAREST_NONE 40
bool nearest_is(const char *name, const char *candidate, unsigned *best);

/* For "%s%s%s": " (did you mean 'NAME'?)", or nothing for NULL. */
#define NEAREST_HINT(name)                                                                         \
	(name) ? " (did you mean '" : "", (name) ? (name) : "", (name) ? "'?)" : ""

#endif
