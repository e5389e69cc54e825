/*
 * parse.h - the text of a configuration file as sections, keys and values.
 *
 * The language; options.h and check.h interpret the values:
 *
 *     file    = { key | section }
 *     section = TYPE [NAME] "{" { key } "}"
 *     key     = NAME "=" ( VALUE | "{" [ VALUE { "," VALUE } [","] ] "}" )
 *
 * A word is a run of bytes without blanks, quotes and any of #={}()+,*, or a quoted string.  The
 * parser reports every mistake with its line and continues where it can, so that one run finds all
 * mistakes of the file.  Types, names and keys are used as written: escapes work in values only.
 *
 * No library is used: libconfuse 3.3 counts lines wrongly after comments, silently accepts an
 * unclosed comment or section and an unset ${NAME}, and ends the process when out of memory.
 */
#ifndef CONF_PARSE_H
#define CONF_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "conf/mistakes.h"

struct parsed_key {
	char *name;
	unsigned line;
	struct strlist values; /* with escapes and ${NAME} replaced */
};

struct parsed_section {
	char *type;  /* "source", or "" for the top level, which is section 0 */
	char *title; /* "" if it has none */
	unsigned line;
	struct parsed_key *keys;
	size_t nkeys;
};

struct parsed {
	struct parsed_section *sections;
	size_t nsections;
	bool broken; /* a syntax error: some of the file may not have been read */
};

/*
 * Reads text.  Reports to m syntax errors, unknown or duplicate sections and keys, and variables
 * that are not set.  Call parsed_clear() in any case, also when out of memory.
 */
void parsed_read(struct parsed *ret, const char *text, struct mistakes *m);

/* If two have the same name, the last one is returned.  NULL: there is none. */
const struct parsed_section *parsed_section(const struct parsed *p, const char *type,
                                            const char *title);
const struct parsed_key *parsed_key(const struct parsed_section *s, const char *name);

/* Returns the line of a key, or of the section if it does not have the key. */
unsigned parsed_line(const struct parsed_section *s, const char *name);

void parsed_clear(struct parsed *p);

#endif
