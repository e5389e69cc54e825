/*
 * rules_import.h - the formats of `rules import`; for agent/ only.
 */
#ifndef AGENT_RULES_IMPORT_H
#define AGENT_RULES_IMPORT_H

#include "agent/cmd_rules.h"

struct rules_import {
	const char *name;  /* of the file */
	FILE *out, *notes; /* the rules; a line for each that has something to be said */
	unsigned line;
	size_t rules, lost;
};

/* Say something about the line at hand; lost: it was not carried over. */
void rules_import_note(struct rules_import *im, const char *fmt, ...) ERR_PRINTF(2, 3);
void rules_import_lost(struct rules_import *im, const char *fmt, ...) ERR_PRINTF(2, 3);

/* Print the rule if it is one, else a comment, after telling why. */
void rules_import_rule(struct rules_import *im, const char *rule);

/* Text as a regular expression that finds it. */
void rules_import_escape(struct slice text, char *ret, size_t size);

/*
 * A dump of phpList's bounce rules: CSV or TSV, with a heading or as "regex, action, order", or the
 * INSERT lines of an SQL dump.  There is no NUL in it, and one behind it.  0 or -ENOMEM.
 */
int rules_import_phplist(struct rules_import *im, struct slice all) MUST_CHECK;

#endif
