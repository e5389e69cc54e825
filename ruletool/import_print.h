/*
 * import_print.h - rules carried over from elsewhere, on standard output; what is lost or doubtful,
 * on standard error.
 */
#ifndef RULETOOL_IMPORT_PRINT_H
#define RULETOOL_IMPORT_PRINT_H

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "base/slice.h"

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

#endif
