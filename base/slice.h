/*
 * slice.h - text that another object owns: pointer and length, any bytes.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *text; /* never NULL; need not be NUL-terminated */
	size_t len;
};

#define SLICE_EMPTY ((struct slice){"", 0})

static inline struct slice slice_of(const char *text)
{
	return (struct slice){text, strlen(text)};
}

static inline bool slice_is(struct slice s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.text, text, s.len) == 0;
}

/* A list of strings, owned by the code that made it. */
struct strlist {
	char **v;
	size_t n;
};

#endif
