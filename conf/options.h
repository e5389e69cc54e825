/*
 * options.h - every key of the configuration file, in one table.
 *
 * The table drives reading, checking, --print and the test that the manual knows every key.  A
 * value is text until option_set() gives it its type; a default is written as an operator would
 * write it and takes the same way.
 */
#ifndef CONF_OPTIONS_H
#define CONF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/slice.h"

enum option_type {
	OPTION_TEXT,
	OPTION_PATH, /* absolute */
	OPTION_FILE, /* the same; may begin with $CREDENTIALS_DIRECTORY */
	OPTION_TIME,
	OPTION_SIZE,
	OPTION_NUMBER,
	OPTION_BOOL,
	OPTION_CHOICE,
	OPTION_LIST
};

struct option {
	const char *section; /* "" (top level), "source" or "endpoint" */
	const char *key;
	enum option_type type;
	size_t offset, size;         /* where it goes in struct conf, conf_source or ship_conf */
	uint64_t min, max;           /* of numbers, times (ms) and sizes (bytes) */
	bool required;               /* the key must be there */
	bool may_be_empty;           /* text and paths: "" is a value */
	const char *fallback;        /* the default as text; NULL: none, or worked out by conf.c */
	const char *const *choices;  /* NULL-terminated; the index is the value */
	const char *const *defaults; /* of a list; NULL-terminated; NULL: none */
	const char *help;            /* one line */
};

extern const struct option options[]; /* ends with a key of NULL */

const struct option *option_named(const char *section, const char *key);

/* The known key of that section, or section, that looks most like name; NULL if none does. */
const char *option_nearest(const char *section, const char *name);
const char *option_nearest_section(const char *name);

/*
 * Give the option its value in base, the struct it belongs to; what was there is freed.
 * Returns 0, -EINVAL with one line in why, or -ENOMEM.
 */
int option_set(const struct option *o, void *base, const struct strlist *values, char *why,
               size_t size);
int option_set_default(const struct option *o, void *base);

/* "key = value" in the syntax of the file, with indent before and a newline after it. */
void option_print(const struct option *o, const void *base, const char *indent, FILE *out);

/* Free what option_set() allocated. */
void option_clear(const struct option *o, void *base);

/* Lists of strings.  strlist_add() returns false when there is no memory. */
bool strlist_add(struct strlist *list, const char *text);
void strlist_clear(struct strlist *list);

#endif
