/*
 * check.h - what `rules check` counts.
 *
 * Every record is judged as `run` would.  What later rules would have said is asked of a bounded
 * number of records for each rule that decides: the first CLOSER_FIRST, then every CLOSER_EVERYth.
 */
#ifndef RULETOOL_CHECK_H
#define RULETOOL_CHECK_H

#include "record/record.h"
#include "rules/rules.h"
#include "ruletool/options.h"

#define CLOSER_FIRST 200
#define CLOSER_EVERY 64
#define TOP_DOMAINS 3
#define DOMAIN_SLOTS 8

/* The most frequent domains, about: a new one takes the place of the rarest. */
struct top_domains {
	struct {
		char name[64];
		uint64_t n;
	} v[DOMAIN_SLOTS];
};

struct rule_stat {
	uint64_t hits;      /* it decided */
	uint64_t blamed;    /* of those: status 5.7, or a category that blames the sender */
	uint64_t preempted; /* of the records looked at closer: an earlier one decided */
	uint64_t against;   /* of those: with another verdict */
	uint32_t by;        /* 1 + the last rule that did, one with another verdict first */
	bool by_text; /* an earlier text is part of every one of its own: it cannot ever fire */
	bool slow;
	struct top_domains domains;
};

/* Bounces that no rule of a file decides, and that differ in addresses, numbers and ids alone. */
struct group {
	uint64_t hash, n;
	char *text, *example;
	enum rules_verdict said; /* by the built-in rules */
	const char *id;
};

struct rules_check {
	struct ruletool_options *o;
	uint64_t rows, bounces, complaints, bad_rows, closer, unmatched, ungrouped;
	uint64_t verdicts[RULES_VERDICTS], withheld;
	struct rule_stat *rules;
	size_t nrules;
	struct group *groups; /* a table by hash; sorted by n in the end */
	size_t ngroups;
	struct group *decided; /* samples of what rules decide, likewise */
	size_t ndecided;
	char *samples[128]; /* texts to take times with */
	size_t nsamples;
	bool failed;
};

int rules_check_open(struct rules_check *c, struct ruletool_options *o) MUST_CHECK;
void rules_check_close(struct rules_check *c);
int rules_check_record(const struct record *rec, void *arg); /* a rows_hooks.record */
/* After the last record: shadows that need no data, times, and groups in their order. */
int rules_check_finish(struct rules_check *c) MUST_CHECK;

/* Objections to a rule, as bits. */
enum { RULE_NEVER = 1, RULE_SHADOWED = 2, RULE_CONFLICT = 4, RULE_SUSPECT = 8, RULE_SLOW = 16 };
unsigned rules_check_problems(const struct rules_check *c, size_t rule);

/* A line for a rules file that would catch the group, commented out; false when there is none. */
bool rules_check_suggest(const struct rules_check *c, const struct group *g, char *ret,
                         size_t size);

#endif
