/*
 * options.h - every key of the configuration file, in one table.
 *
 * The table drives reading, checking, --print and the test that the manual documents every key.  A
 * value is text until option_set() gives it its type; a default is written as in the file and is
 * handled the same way.
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
	size_t offset, size;         /* its place in struct conf, conf_source or ship_conf */
	uint64_t min, max;           /* of numbers, times (ms) and sizes (bytes) */
	bool required;               /* the key must be given */
	bool may_be_empty;           /* of text and paths: "" is a value */
	const char *fallback;        /* the default as text; NULL: none, or computed by conf.c */
	const char *const *choices;  /* NULL-terminated; the index is the value */
	const char *const *defaults; /* of a list; NULL-terminated; NULL: none */
	const char *help;            /* one line */
};

extern const struct option options[]; /* the last one has a key of NULL */

const struct option *option_named(const char *section, const char *key);

/* Return the known key of the section, or section, closest to name; NULL if none is close. */
const char *option_nearest(const char *section, const char *name);
const char *option_nearest_section(const char *name);

/*
 * Sets the option in base, the struct it belongs to, and frees the old value.  Returns 0, -EINVAL
 * with one line in why, or -ENOMEM.
 */
int option_set(const struct option *o, void *base, const struct strlist *values, char *why,
               size_t size);
int option_set_default(const struct option *o, void *base);

/* Prints "key = value" in the file's syntax, with indent before it and a newline after it. */
void option_print(const struct option *o, const void *base, const char *indent, FILE *out);

/* Frees what option_set() allocated. */
void option_clear(const struct option *o, void *base);

/* Lists of strings.  strlist_add() returns false when out of memory. */
bool strlist_add(struct strlist *list, const char *text);
void strlist_clear(struct strlist *list);

#endif
