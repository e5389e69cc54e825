/*
 * import_print.h - prints imported rules on standard output, and lost or doubtful ones on standard
 * error.
 */
#ifndef RULETOOL_IMPORT_PRINT_H
#define RULETOOL_IMPORT_PRINT_H

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "base/slice.h"

struct rules_import {
	const char *name;  /* of the file */
	FILE *out, *notes; /* the rules; the messages about them */
	unsigned line;
	size_t rules, lost;
};

/* Print a message about the current line; lost: it was not carried over. */
void rules_import_note(struct rules_import *im, const char *fmt, ...) ERR_PRINTF(2, 3);
void rules_import_lost(struct rules_import *im, const char *fmt, ...) ERR_PRINTF(2, 3);

/* Prints the rule if it is valid; else reports why, and prints it as a comment. */
void rules_import_rule(struct rules_import *im, const char *rule);

/* Writes a regular expression that finds the text. */
void rules_import_escape(struct slice text, char *ret, size_t size);

#endif
