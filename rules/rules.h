/*
 * rules.h - what a bounce is: hard, soft, block, to be ignored, or unknown, and which rule says so.
 *
 * Rules come from files (pmta-shipper.rules(5)); they are tried in order, files by name, and the
 * first that matches decides.  Where none does, built-in ones do: by enhanced status (RFC 3463), by
 * PowerMTA's bounceCat, else unknown.  A set of rules never changes once it is loaded: to reload,
 * load another one and drop this.  Only match.c includes PCRE2.
 *
 * Promises
 *
 *  V1  The verdict is that of trying every rule in order: neither the prefilter nor the memo
 *      changes it.  It depends on the rules and the fields alone, never on time or on what was
 *      judged before.
 *  V2  Nothing is judged by half a set: loading gives all rules of all files with every self-test
 *      passed, or none, with every mistake told as "FILE:LINE: what is wrong".
 *  V3  Text is untrusted.  It is looked at up to RULES_TEXT_MAX bytes, and one regular expression
 *      takes at most a fixed number of steps over it (about 0.1 ms); what takes more counts as no
 *      match, and is counted.
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

#define RULES_TEXT_MAX 4096 /* of a text, this much is looked at */
#define RULES_MAX 20000     /* in all files */
#define RULES_FILE_MAX (4 << 20)
#define RULES_ID_MAX 64
#define RULES_WHY_SIZE 512

enum rules_verdict { RULES_HARD, RULES_SOFT, RULES_BLOCK, RULES_IGNORE, RULES_UNKNOWN };
#define RULES_VERDICTS 5

/* "hard", as rules write it, and "Hard", as records carry it. */
const char *rules_verdict_name(enum rules_verdict v);
const char *rules_verdict_title(enum rules_verdict v);
bool rules_verdict_named(struct slice word, enum rules_verdict *ret); /* in any case */

/* What of a record is judged.  A field that is not there is empty. */
struct rules_fields {
	bool feedback;       /* an f record: only rules with feedback= see it, and only they */
	struct slice diag;   /* dsnDiag, "smtp;" before it or not */
	struct slice status; /* dsnStatus, words behind the code or not */
	struct slice cat;    /* bounceCat */
	struct slice domain; /* of the recipient */
	struct slice mta;    /* dsnMta */
	struct slice action; /* dsnAction */
	struct slice feedback_type; /* ARF: abuse, not-spam, auth-failure, ... */
};

/* A diagnostic, and nothing else. */
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

/* Who decided, and what.  Its texts live as long as the rules. */
struct rules_result {
	enum rules_verdict said;    /* by the rule */
	enum rules_verdict verdict; /* behind %map */
	const char *id;             /* "no-mailbox", "50-local.rules:12", "builtin:status 5.1.1" */
	const char *action;         /* "unconfirm-subscriber"; "" for none */
	int rule;                   /* its number, from 0; RULES_BUILTIN, RULES_NONE */
	unsigned builtin;           /* the number of the built-in one */
	bool silent;  /* an f record that no rule is about: nothing is to be said of it */
	bool deliver; /* false: ignore, or delete-bounce */
	bool counted; /* false: left out of the local statistics of bounces */
};
#define RULES_BUILTIN (-1)
#define RULES_NONE (-2)

/* Told once for each mistake. */
typedef file_mistake_fn rules_mistake_fn;

/*
 * Load files by their names or patterns (glob(7)).  0 with *ret, which is NULL when there is no
 * file at all, or no pattern; -EINVAL: something is wrong, and every mistake was reported; -ENOMEM,
 * reported, too.
 */
int rules_load(struct rules **ret, const struct strlist *patterns, rules_mistake_fn *mistake,
               void *arg) MUST_CHECK;

/* The same from text under a name, for tests and tools; include is refused there. */
int rules_load_text(struct rules **ret, const char *name, struct slice text,
                    rules_mistake_fn *mistake, void *arg) MUST_CHECK;

/* Accepts and returns NULL. */
struct rules *rules_free(struct rules *r);

/* Judge one record.  0 or -ENOMEM: try it again later. */
int rules_judge(struct rules *r, const struct rules_fields *f, struct rules_result *ret) MUST_CHECK;

/* The same without prefilter and memo: what V1 is measured by. */
int rules_judge_plainly(struct rules *r, const struct rules_fields *f,
                        struct rules_result *ret) MUST_CHECK;

/*
 * Every rule that matches, in order, and then the built-in one: fn gets each, until it returns
 * nonzero, which is returned.  Or -ENOMEM.
 */
typedef int rules_match_fn(const struct rules_result *result, void *arg);
int rules_each_match(struct rules *r, const struct rules_fields *f, rules_match_fn *fn,
                     void *arg) MUST_CHECK;

/* The text that matched, valid UTF-8, for a result of the same fields; "" for none. */
int rules_matched(struct rules *r, const struct rules_fields *f, const struct rules_result *result,
                  char ret[RULES_WHY_SIZE]) MUST_CHECK;
/* "FILE:LINE: matched text" of it. */
int rules_why(struct rules *r, const struct rules_fields *f, const struct rules_result *result,
              char ret[RULES_WHY_SIZE]) MUST_CHECK;
bool rules_wants_why(const struct rules *r); /* %why on */

/* Count a result.  Kept since loading. */
void rules_count(struct rules *r, const struct rules_result *result);

struct rules_view {
	size_t files, rules, tests;
	char digest[33];                      /* of all files, as hex */
	uint64_t judged[RULES_VERDICTS];      /* those counted, behind %map */
	uint64_t withheld, uncounted, limits; /* limits: matches given up for V3 */
};
void rules_view(const struct rules *r, struct rules_view *ret);

uint64_t rules_memory(const struct rules *r); /* bytes it takes, about; 0 for NULL */

/* One rule of the set, for people and for metrics. */
struct rules_rule {
	const char *file; /* its name without folders */
	const char *path;
	unsigned line;
	const char *id;
	struct slice source; /* the line as written, without verdict and what follows it */
	enum rules_verdict said;
	const char *action;
	bool literal;     /* a text and nothing else: source has it */
	bool conditional; /* it has other conditions than one text or regular expression */
	bool feedback;
	bool deliver;
	uint64_t hits;
	uint64_t id_hits; /* of all rules that bear the id, at the first of them; else 0 */
};
size_t rules_number(const struct rules *r);
void rules_rule(const struct rules *r, size_t i, struct rules_rule *ret);

/* The texts that a rule is equal to finding one of: n of them, 0 when it is more than that. */
size_t rules_literals(const struct rules *r, size_t i, const struct slice **ret);

/* Try one rule on one record by itself, whatever others say: 1, 0 or -ENOMEM. */
int rules_try(struct rules *r, size_t i, const struct rules_fields *f) MUST_CHECK;

enum rules_verdict rules_mapped(const struct rules *r, enum rules_verdict said);

/* Built-in rules that have decided, with their counts. */
typedef void rules_builtin_fn(const char *id, enum rules_verdict said, uint64_t hits, void *arg);
void rules_each_builtin(const struct rules *r, rules_builtin_fn *fn, void *arg);

/* What the engine makes of the fields: the text behind folding, and the status that counts. */
void rules_folded(struct slice diag, char ret[RULES_TEXT_MAX + 1]);
void rules_status(const struct rules_fields *f, char ret[16]);

/*
 * The text as a group of texts: addresses, hosts, numbers, ids and times become tokens, codes stay.
 * NUL-terminated; at most size bytes.
 */
void rules_normalise(struct slice diag, char *ret, size_t size);

#endif
