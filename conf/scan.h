/*
 * scan.h - a first look at the configuration file, before libconfuse parses it.
 *
 * libconfuse 3.3 stops at the first unknown name, counts lines wrongly after a comment, drops some
 * characters without a word, and takes an unset ${VARIABLE} for an empty one.  So the text is
 * looked through once: comments are blanked, what libconfuse would misread is told as a mistake,
 * and where each section and key stands is noted, so that every later mistake has its line.  What
 * the words mean, and whether the syntax holds, is still libconfuse's to say.
 */
#ifndef CONF_SCAN_H
#define CONF_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/mistakes.h"

struct scan_section {
	char *type;  /* "source"; "" for the top level, which is section 0 */
	char *title; /* "" if it has none */
	unsigned line;
};

struct scan_key {
	size_t section;
	char *name;
	unsigned line;
};

struct scan {
	struct scan_section *sections;
	size_t nsections;
	struct scan_key *keys;
	size_t nkeys;
	unsigned stopped; /* the line where the syntax made no sense; 0: looked at all of it */
	bool unfit;       /* libconfuse would misread the text: what is wrong has been told */
};

/*
 * Look through text, which is changed in place: comments and unknown sections become blanks.
 * Tells: unknown sections and keys, what is given twice, unset variables, unclosed strings and
 * comments.  Returns 0 or -ENOMEM; scan_clear() in any case.
 */
int scan_text(struct scan *ret, char *text, struct mistakes *m) MUST_CHECK;

/* The line of a key; of its section if the key is not there; 1 if that is not there either. */
unsigned scan_line(const struct scan *scan, const char *type, const char *title, const char *key);

/* Does that section give that key? */
bool scan_has(const struct scan *scan, const char *type, const char *title, const char *key);

void scan_clear(struct scan *scan);

#endif
