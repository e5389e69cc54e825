/*
 * rules.h - classifies a bounce as hard, soft, block, ignore or unknown, and names the rule.
 *
 * Rules come from files (pmta-shipper.rules(5)).  They are tried in order, files by name, and the
 * first that matches decides.  If none matches, built-in rules decide: by enhanced status (RFC
 * 3463), by PowerMTA's bounceCat, else unknown.  A set of rules never changes after loading: to
 * reload, load another set and drop this one.  Only match.c includes PCRE2.
 *
 * Promises
 *
 *  V1  The verdict is the same as when every rule is tried in order: neither the prefilter nor the
 *      memo changes it.  It depends only on the rules and the fields, never on time or on earlier
 *      records.
 *  V2  No record is judged by half a set: loading gives all rules of all files with every self-test
 *      passed, or none, with every mistake reported as "FILE:LINE: what is wrong".
 *  V3  Text is untrusted.  Only RULES_TEXT_MAX bytes are used, and one regular expression takes at
 *      most a fixed number of steps over them (about 0.1 ms); if it needs more, it does not match,
 *      and this is counted.
 *  V4  Bounded memory: RULES_MAX rules, and a memo of fixed size.
 */
#ifndef RULES_RULES_H
#define RULES_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/file_mistake.h"
#include "base/slice.h"

#define RULES_TEXT_MAX 4096 /* bytes of a text; the rest is ignored */
#define RULES_MAX 20000     /* in all files */
#define RULES_FILE_MAX (4 << 20)
#define RULES_ID_MAX 64
#define RULES_WHY_SIZE 512

enum rules_verdict { RULES_HARD, RULES_SOFT, RULES_BLOCK, RULES_IGNORE, RULES_UNKNOWN };
#define RULES_VERDICTS 5

/* "hard", as in rules, and "Hard", as in records. */
const char *rules_verdict_name(enum rules_verdict v);
const char *rules_verdict_title(enum rules_verdict v);
bool rules_verdict_named(struct slice word, enum rules_verdict *ret); /* in any case */

/* The fields of a record that are judged.  A missing field is empty. */
struct rules_fields {
	bool feedback;       /* an f record: only rules with feedback= apply, and only to these */
	struct slice diag;   /* dsnDiag, with or without "smtp;" before it */
	struct slice status; /* dsnStatus, with or without words after the code */
	struct slice cat;    /* bounceCat */
	struct slice domain; /* of the recipient */
	struct slice mta;    /* dsnMta */
	struct slice action; /* dsnAction */
	struct slice feedback_type; /* ARF: abuse, not-spam, auth-failure, ... */
};

/* Returns fields with only a diagnostic text. */
static inline struct rules_fields rules_fields_of(struct slice diag)
{
	return (struct rules_fields){.diag = diag,
	                             .status = SLICE_EMPTY,
	                             .cat = SLICE_EMPTY,
	                             .domain = SLICE_EMPTY,
	                             .mta = SLICE_EMPTY,
	                             .action = SLICE_EMPTY,
	                             .feedback_type = SLICE_EMPTY};
}

struct rules;

/* The verdict and the rule that gave it.  Its texts live as long as the rules. */
struct rules_result {
	enum rules_verdict unmapped; /* the verdict of the rule, before %map */
	enum rules_verdict verdict;  /* after %map */
	const char *id;              /* "no-mailbox", "50-local.rules:12", "builtin:status 5.1.1" */
	const char *action;          /* "unconfirm-subscriber"; "" for none */
	int rule;                    /* its number, from 0; RULES_BUILTIN, RULES_NONE */
	unsigned builtin;            /* the number of the built-in rule */
	bool silent;                 /* an f record that no rule applies to: it gets no verdict */
	bool deliver;                /* false: ignore, or delete-bounce */
	bool counted;                /* false: not in the local bounce statistics */
};
#define RULES_BUILTIN (-1)
#define RULES_NONE (-2)

/* Called once for each mistake. */
typedef file_mistake_fn rules_mistake_fn;

/*
 * Loads files by their names or patterns (glob(7)).  Returns 0 with *ret, which is NULL when there
 * is no file or no pattern; -EINVAL when there are mistakes, which were all reported; -ENOMEM,
 * which was reported, too.
 */
int rules_load(struct rules **ret, const struct strlist *patterns, rules_mistake_fn *mistake,
               void *arg) MUST_CHECK;

/* The same from a text with a name, for tests and tools; include is refused there. */
int rules_load_text(struct rules **ret, const char *name, struct slice text,
                    rules_mistake_fn *mistake, void *arg) MUST_CHECK;

/* Accepts and returns NULL. */
struct rules *rules_free(struct rules *r);

/* Judges one record.  Returns 0 or -ENOMEM: try again later. */
int rules_judge(struct rules *r, const struct rules_fields *f, struct rules_result *ret) MUST_CHECK;

/* The same without prefilter and memo: the reference for V1. */
int rules_judge_plainly(struct rules *r, const struct rules_fields *f,
                        struct rules_result *ret) MUST_CHECK;

/*
 * Calls fn for every rule that matches, in order, and then for the built-in one, until fn returns
 * nonzero.  Returns that value, 0, or -ENOMEM.
 */
typedef int rules_match_fn(const struct rules_result *result, void *arg);
int rules_each_match(struct rules *r, const struct rules_fields *f, rules_match_fn *fn,
                     void *arg) MUST_CHECK;

/* Gets the text that matched, valid UTF-8, for a result of the same fields; "" for none. */
int rules_matched(struct rules *r, const struct rules_fields *f, const struct rules_result *result,
                  char ret[RULES_WHY_SIZE]) MUST_CHECK;
/* Gets "FILE:LINE: matched text" for it. */
int rules_why(struct rules *r, const struct rules_fields *f, const struct rules_result *result,
              char ret[RULES_WHY_SIZE]) MUST_CHECK;
bool rules_wants_why(const struct rules *r); /* %why on */

/* Counts a result.  The counters begin at loading. */
void rules_count(struct rules *r, const struct rules_result *result);

struct rules_view {
	size_t files, rules, tests;
	char digest[33];                      /* of all files, as hex */
	uint64_t judged[RULES_VERDICTS];      /* counted records, after %map */
	uint64_t withheld, uncounted, limits; /* limits: matches given up because of V3 */
};
void rules_view(const struct rules *r, struct rules_view *ret);

uint64_t rules_memory(const struct rules *r); /* approximate size in bytes; 0 for NULL */

/* One rule of the set, for people and for metrics. */
struct rules_rule {
	const char *file; /* its name without folders */
	const char *path;
	unsigned line;
	const char *id;
	struct slice source; /* the line as written, without verdict and options */
	enum rules_verdict verdict;
	const char *action;
	bool literal;     /* only a text, which is source */
	bool conditional; /* it has conditions other than one text or regular expression */
	bool feedback;
	bool deliver;
	uint64_t hits;
	uint64_t id_hits; /* of all rules with the id, at the first of them; else 0 */
};
size_t rules_number(const struct rules *r);
void rules_rule(const struct rules *r, size_t i, struct rules_rule *ret);

/* Gets the texts of a rule that only looks for one of them.  Returns their number, else 0. */
size_t rules_literals(const struct rules *r, size_t i, const struct slice **ret);

/* Tries one rule alone on one record.  Returns 1, 0 or -ENOMEM. */
int rules_try(struct rules *r, size_t i, const struct rules_fields *f) MUST_CHECK;

enum rules_verdict rules_mapped(const struct rules *r, enum rules_verdict verdict);

/* Calls fn for each built-in rule that has decided, with its count. */
typedef void rules_builtin_fn(const char *id, enum rules_verdict verdict, uint64_t hits, void *arg);
void rules_each_builtin(const struct rules *r, rules_builtin_fn *fn, void *arg);

/* The engine's view of the fields: the folded text, and the effective status. */
void rules_folded(struct slice diag, char ret[RULES_TEXT_MAX + 1]);
void rules_status(const struct rules_fields *f, char ret[16]);

/*
 * Normalises a text to the text of its group: addresses, hosts, numbers, ids and times become
 * tokens, codes stay.  NUL-terminated; at most size bytes.
 */
void rules_normalise(struct slice diag, char *ret, size_t size);

#endif
