/*
 * literals.h - collects sets of literals while a regular expression is read; for syntax.c only.
 */
#ifndef RULES_LITERALS_H
#define RULES_LITERALS_H

#include "rules/syntax.h"

#define LEVEL_SETS_MAX 16 /* more would not help */

/* The literals that one level of brackets requires. */
struct level {
	struct literal_set sets[LEVEL_SETS_MAX];
	size_t n;
	char run[SYNTAX_LITERAL_MAX];
	size_t nrun;
	bool only_run; /* nothing but plain characters so far */
};

void level_clear(struct level *l);

/* Takes ownership of the set, or drops it without room: fewer sets only promise less. */
void level_add(struct level *l, struct literal_set *set);

/* Adds one character to a run of plain ones.  Returns 0 or -ENOMEM. */
int level_run_add(struct level *l, char c) MUST_CHECK;

/* Ends the run, which becomes a set.  Returns 0 or -ENOMEM. */
int level_run_end(struct level *l) MUST_CHECK;

/* Adds a branch's best set to the union.  Returns false for none: then the union is of no use. */
bool level_unite(struct literal_set *to, struct level *branch);

#endif
