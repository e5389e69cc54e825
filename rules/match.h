/*
 * match.h - matches one regular expression against one text.  Only match.c includes PCRE2.
 *
 * It matches bytes, not UTF-8: remote servers' texts may contain anything.  Case is ignored.
 * Expressions are not compiled to machine code: the service may not make memory executable.
 */
#ifndef RULES_MATCH_H
#define RULES_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "rules/syntax.h"

struct regex;
struct matcher;

struct regex_flags {
	bool dotall, multiline;
};

/* Returns 0, -ENOMEM, or -EINVAL with one line in why.  The pattern need not be kept. */
int regex_new(struct regex **ret, struct slice pattern, const struct regex_flags *flags,
              const struct syntax *syntax, char *why, size_t size) MUST_CHECK;
struct regex *regex_free(struct regex *re);

size_t regex_size(const struct regex *re); /* bytes; 0 for NULL */
size_t matcher_size(void);                 /* at most */

/* The memory that matching needs; one matcher serves all expressions. */
int matcher_new(struct matcher **ret) MUST_CHECK;
struct matcher *matcher_free(struct matcher *m);

/* Begins a new allowance of steps, which the tests of one rule share. */
void matcher_begin(struct matcher *m);
bool matcher_spent(const struct matcher *m); /* a match was given up since then */

/*
 * Returns 1 when it matches (*ret_from and *ret_to, which may be NULL, give the place), 0 when it
 * does not or takes more steps than allowed (matcher_limits() counts those), or -ENOMEM.
 */
int regex_match(struct matcher *m, const struct regex *re, struct slice text, size_t *ret_from,
                size_t *ret_to) MUST_CHECK;

uint64_t matcher_limits(const struct matcher *m);

#endif
