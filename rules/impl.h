/*
 * impl.h - the parts of a set of rules; for rules/ only.
 *
 *     load.c      files, their order, self-tests       parse.c, line.c   one line to one rule
 *     rules.c     judging: memo, candidates, order     holds.c           one rule against a record
 *     compile.c   literals, triggers, the prefilter    builtin.c         verdict without a rule
 *     mistake.c   a mistake, at its line               test.c            texts and expressions
 */
#ifndef RULES_IMPL_H
#define RULES_IMPL_H

#include "rules/match.h"
#include "rules/prefilter.h"
#include "rules/rules.h"
#include "rules/syntax.h"
#include "rules/text.h"
#include "rules/words.h"

#define CONDITIONS_MAX 32 /* of one rule */
#define VALUES_MAX 64     /* of one condition */
#define GLOBS_MAX 64 /* different conditions domain= and mx=; with more, the memo keys on names */
#define NAME_LEN_MAX 255 /* of a domain, a host, a category; the rest is ignored */

/* One part of a regular expression, between two "|". */
struct branch {
	struct regex *regex;
	bool start;               /* try the folded form even if it is the end of the raw one */
	struct literal_set *sets; /* a match contains at least one literal of each */
	uint32_t **ids;           /* numbers of the literals, by set */
	size_t nsets;
};

/*
 * A text or a regular expression that dsnDiag must, or must not, contain: one of its texts or one
 * of its branches.  Parts that are plain text need no regular expression.
 */
struct test {
	bool negate;
	struct slice pattern; /* regular expression as written; empty for a text */
	struct literal_set texts;
	uint32_t *text_ids;
	struct branch *branches;
	size_t nbranches;
};

enum field { FIELD_STATUS, FIELD_CAT, FIELD_DOMAIN, FIELD_MTA, FIELD_ACTION, FIELD_FEEDBACK };
#define FIELDS 6

/* Holds if one of the values matches: prefixes for status, else globs. */
struct condition {
	enum field field;
	struct strlist values;
	unsigned glob; /* its number among the conditions domain= and mx= */
};

struct rule {
	unsigned file, line;
	char *id;
	enum rules_verdict verdict;
	const struct action *action; /* NULL: none */
	struct condition *conditions;
	size_t nconditions;
	struct test *tests;
	size_t ntests;
	bool feedback;
	bool octeth;  /* text==>Verdict */
	char *source; /* the line, without verdict and options */
	size_t first; /* the first rule with the same id */
	uint64_t hits, id_hits;
};

struct self_test {
	unsigned file, line;
	bool not ;
	enum rules_verdict verdict;
	struct condition *given; /* the given fields, as conditions of one value */
	size_t ngiven;
	char *text;
};

struct rules_file {
	char *path;
	const char *name; /* without folders */
	unsigned owner;   /* the file that includes it, or itself */
	bool own_tests;   /* %tests own */
};

/* A setting and its place, so that a contradiction in another file is reported. */
struct setting {
	unsigned file, line; /* line 0: not set */
	int value;
};

struct trigger {
	uint32_t *rules; /* in order */
	size_t n;
};

struct memo;

struct rules {
	struct rules_file *files;
	size_t nfiles;
	struct rule *v;
	size_t n;
	struct self_test *self_tests;
	size_t nself_tests;
	struct setting map[RULES_VERDICTS], unmatched, why;
	char digest[33];

	/* compile.c */
	struct slice *literals; /* of all tests */
	size_t nliterals;
	struct prefilter *prefilter;
	struct trigger *triggers; /* by literal */
	uint64_t *always;         /* bit by rule: tried on every text */
	const struct condition **globs;
	size_t nglobs;
	bool uses_action;

	/* used while judging */
	struct matcher *matcher, *spare; /* spare: for matches that are not counted */
	struct hits hits;
	uint64_t *candidates;
	struct memo *memo;
	struct text text;
	char lower[RULES_TEXT_MAX];
	uint64_t judged[RULES_VERDICTS], withheld, uncounted;
	uint64_t *builtin_hits;
};

/* The record to judge, prepared. */
struct subject {
	const struct rules_fields *fields;
	const struct text *text; /* NULL for feedback */
	struct slice status;     /* the effective code; may be empty */
	struct slice values[FIELDS];
	const struct hits *hits; /* NULL: try without them */
	uint64_t globs;          /* bit by glob: set if it holds */
	bool globs_known;
};

/* memo.c: earlier results for the same fields; of fixed size */
#define MEMO_NOTHING INT32_MIN
int memo_new(struct memo **ret) MUST_CHECK;
struct memo *memo_free(struct memo *m);
size_t memo_size(void);
/* Returns the value stored for the key, or MEMO_NOTHING. */
int32_t memo_get(struct memo *m, struct slice key);
void memo_put(struct memo *m, struct slice key, int32_t value); /* after memo_get() of that key */

/* parse.c: parses one file's text.  Returns 0, -EINVAL after reporting a mistake, or -ENOMEM. */
struct parse {
	struct rules *rules;
	unsigned file, line;
	bool may_include;
	bool failed;
	int (*include)(struct parse *p, struct slice name); /* load.c */
	rules_mistake_fn *mistake;
	void *arg;
};
int parse_text(struct parse *p, struct slice text) MUST_CHECK;
int parse_octeth(struct parse *p, struct slice text) MUST_CHECK;
void self_test_clear(struct self_test *t);

/* mistake.c: reports a mistake.  Always returns -EINVAL. */
int parse_mistake(struct parse *p, const char *fmt, ...) ERR_PRINTF(2, 3);

/* line.c: parses a rule.  text is the line without blanks around it, at the offset of "==>". */
int line_rule(struct parse *p, struct slice text, size_t at) MUST_CHECK;
int line_octeth(struct parse *p, struct slice text, size_t at) MUST_CHECK;
/* Parses conditions such as status=5.1.1 at the start of *text, and moves *text after them. */
int line_conditions(struct parse *p, struct slice *text, struct condition **ret,
                    size_t *ret_n) MUST_CHECK;
void condition_clear(struct condition *c);
void rule_clear(struct rule *r);

/* test.c */
int test_text(struct test *t, struct slice text) MUST_CHECK;
int test_regex(struct parse *p, struct test *t, struct slice pattern,
               const struct regex_flags *flags) MUST_CHECK;
void test_clear(struct test *t);

/* compile.c */
int rules_compile(struct rules *r) MUST_CHECK;

/* holds.c */
void subject_begin(struct subject *s, const struct rules *r, const struct rules_fields *f);
void subject_text(struct subject *s, const struct text *text); /* for a bounce, afterwards */
/* Both return 1, 0 or -ENOMEM; test_where() also gives the text that matched. */
int rule_holds(const struct rules *r, const struct rule *rule, const struct subject *s) MUST_CHECK;
int test_where(const struct rules *r, const struct test *t, const struct text *text,
               struct slice *ret) MUST_CHECK;

/* builtin.c */
size_t builtin_of(const struct rules_fields *f, struct slice status, const struct text *text);
size_t builtin_unknown(void);
size_t builtin_count(void);
const char *builtin_id(size_t i);
enum rules_verdict builtin_verdict(size_t i);

/* rules.c */
int rules_judge_own(struct rules *r, const struct rules_fields *f, int file,
                    struct rules_result *ret) MUST_CHECK;

#endif
