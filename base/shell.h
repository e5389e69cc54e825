/*
 * shell.h - words of a command that a person can paste into a shell.
 */
#ifndef BASE_SHELL_H
#define BASE_SHELL_H

#include "base/err.h"

/*
 * Returns the word in quotes if it needs them, on one line whatever is in it; the caller frees it.
 * NULL when out of memory.
 */
char *shell_quoted(const char *word) MUST_CHECK;

#endif
