/*
 * words.h - the words of rules, verdicts and actions among them.
 */
#ifndef RULES_WORDS_H
#define RULES_WORDS_H

#include "base/slice.h"
#include "rules/rules.h"

/*
 * What the backend is to do with a subscriber: the nine actions of phpList's bounce rules under
 * hyphenated names, with phpList's own codes as aliases.
 */
struct action {
	const char *name;
	const char *alias;
	bool deliver; /* false: the bounce is to be deleted, and nothing else done */
	bool counted; /* false: and the bounce is to be deleted */
};

extern const struct action actions[]; /* ends with a name of NULL */

/* By name or alias, in any case; NULL for none. */
const struct action *action_named(struct slice word);

/* ASCII letters only, whatever the locale. */
static inline char words_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool words_equal(struct slice a, const char *b); /* in any case */

struct slice words_trim(struct slice s); /* without blanks and tabs around it */
size_t words_first_len(struct slice s);  /* up to the first of them */

#endif
