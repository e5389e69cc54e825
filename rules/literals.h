/*
 * literals.h - sets of literals, while a regular expression is read; for syntax.c only.
 */
#ifndef RULES_LITERALS_H
#define RULES_LITERALS_H

#include "rules/syntax.h"

#define LEVEL_SETS_MAX 16 /* more would tell nothing new */

/* What one level of brackets demands. */
struct level {
	struct literal_set sets[LEVEL_SETS_MAX];
	size_t n;
	char run[SYNTAX_LITERAL_MAX];
	size_t nrun;
	bool only_run; /* nothing but plain characters so far */
};

void level_clear(struct level *l);

/* Take the set over, or drop it when there is no room: fewer sets promise less. */
void level_add(struct level *l, struct literal_set *set);

/* One more character of a run of plain ones.  0 or -ENOMEM. */
int level_run_add(struct level *l, char c) MUST_CHECK;

/* The run ends here and becomes a set.  0 or -ENOMEM. */
int level_run_end(struct level *l) MUST_CHECK;

/* Add a branch's best set to the union.  False when there is none: then the union says nothing. */
bool level_unite(struct literal_set *to, struct level *branch);

#endif
