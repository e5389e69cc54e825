/*
 * import.h - the formats of `rules import`; for agent/ only.
 */
#ifndef AGENT_IMPORT_H
#define AGENT_IMPORT_H

#include "agent/cmd_rules.h"

struct import {
	const char *name; /* of the file */
	unsigned line;
	size_t rules, lost;
};

/* A line on standard error about the line at hand; lost: it was not carried over. */
void import_note(struct import *im, const char *fmt, ...) ERR_PRINTF(2, 3);
void import_lost(struct import *im, const char *fmt, ...) ERR_PRINTF(2, 3);

/* Print the rule if it is one, else a comment, after telling why. */
void import_rule(struct import *im, const char *rule);

/* Text as a regular expression that finds it. */
void import_escape(struct slice text, char *ret, size_t size);

/*
 * A dump of phpList's bounce rules: CSV or TSV, with a heading or as "regex, action, order", or the
 * INSERT lines of an SQL dump.  0 or -ENOMEM.
 */
int import_phplist(struct import *im, struct slice all) MUST_CHECK;

#endif
