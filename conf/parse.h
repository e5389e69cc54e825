/*
 * parse.h - the text of a configuration file as sections, keys and values.
 *
 * The language; what values mean is left to options.h and check.h:
 *
 *     file    = { key | section }
 *     section = TYPE [NAME] "{" { key } "}"
 *     key     = NAME "=" ( VALUE | "{" [ VALUE { "," VALUE } [","] ] "}" )
 *
 * A word is a run of bytes without blanks, quotes and any of #={}()+,*, or a quoted string.  The
 * parser notes every mistake with its line and goes on where it can, so that one look at the file
 * finds all of them.  Types, names and keys count as they are written: an escape has a meaning in
 * values only.
 *
 * No library does it: libconfuse 3.3 counts lines wrongly after comments, takes a comment or a
 * section without end and an unset ${NAME} in silence, and ends the process when memory is short.
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
	struct strlist values; /* what escapes and ${NAME} stand for is filled in */
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
	bool broken; /* a mistake of syntax: what was read is not all that was meant */
};

/*
 * Read text.  Notes in m what breaks the syntax, sections and keys that are unknown or given
 * twice, and variables that are not set.  parsed_clear() in any case, also without memory.
 */
void parsed_read(struct parsed *ret, const char *text, struct mistakes *m);

/* Of two of one name the last counts.  NULL: there is none. */
const struct parsed_section *parsed_section(const struct parsed *p, const char *type,
                                            const char *title);
const struct parsed_key *parsed_key(const struct parsed_section *s, const char *name);

/* The line of a key; of the section if it does not have it. */
unsigned parsed_line(const struct parsed_section *s, const char *name);

void parsed_clear(struct parsed *p);

#endif
