/*
 * words.h - the words of rules, such as verdicts and actions.
 */
#ifndef RULES_WORDS_H
#define RULES_WORDS_H

#include "base/slice.h"
#include "rules/rules.h"

/*
 * An action that the backend takes on a subscriber: the nine actions of phpList's bounce rules with
 * hyphenated names, and phpList's own codes as aliases.
 */
struct action {
	const char *name;
	const char *alias;
	bool deliver; /* false: the bounce is only deleted */
	bool counted; /* false: the bounce is deleted, too */
};

extern const struct action actions[]; /* ends with a name of NULL */

/* Finds an action by name or alias, ignoring case; NULL for none. */
const struct action *action_named(struct slice word);

/* Converts ASCII letters only, in every locale. */
static inline char words_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool words_equal(struct slice a, const char *b); /* ignores case */

struct slice words_trim(struct slice s); /* removes blanks and tabs around it */
size_t words_first_len(struct slice s);  /* length up to the first blank or tab */

#endif
