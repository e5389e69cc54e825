/*
 * check.h - the counters of `rules check`.
 *
 * Every record is judged as in `run`.  Later rules are also tried, but only on a bounded number of
 * records for each rule that decides: the first CLOSER_FIRST, then every CLOSER_EVERYth.
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

/* The most frequent domains, approximately: a new one replaces the rarest. */
struct top_domains {
	struct {
		char name[64];
		uint64_t n;
	} v[DOMAIN_SLOTS];
};

struct rule_stat {
	uint64_t hits;      /* records that it decided */
	uint64_t blamed;    /* hits with status 5.7 or a category that blames the sender */
	uint64_t preempted; /* examined records that it matched but an earlier rule decided */
	uint64_t against;   /* preempted by another verdict */
	uint32_t by;        /* 1 + the last rule that preempted it; another verdict goes first */
	bool by_text; /* each of its texts contains an earlier rule's text: it can never decide */
	bool slow;
	struct top_domains domains;
};

/* Bounces that no rule of a file decides and that differ only in addresses, numbers and ids. */
struct group {
	uint64_t hash, n;
	char *text, *example;
	enum rules_verdict verdict; /* by the built-in rules */
	const char *id;
};

struct rules_check {
	struct ruletool_options *o;
	uint64_t rows, bounces, complaints, bad_rows, closer, unmatched, ungrouped;
	uint64_t verdicts[RULES_VERDICTS], withheld;
	struct rule_stat *rules;
	size_t nrules;
	struct group *groups; /* a hash table; sorted by n at the end */
	size_t ngroups;
	struct group *decided; /* samples of records that rules decide, likewise */
	size_t ndecided;
	char *samples[128]; /* texts for measuring times */
	size_t nsamples;
	bool failed;
};

int rules_check_open(struct rules_check *c, struct ruletool_options *o) MUST_CHECK;
void rules_check_close(struct rules_check *c);
int rules_check_record(const struct record *rec, void *arg); /* a rows_hooks.record */
/* After the last record: finds shadows that need no data, measures times, sorts groups. */
int rules_check_finish(struct rules_check *c) MUST_CHECK;

/* Problems of a rule, as bits. */
enum { RULE_NEVER = 1, RULE_SHADOWED = 2, RULE_CONFLICT = 4, RULE_SUSPECT = 8, RULE_SLOW = 16 };
unsigned rules_check_problems(const struct rules_check *c, size_t rule);

/* Makes a commented-out rule that would catch the group.  Returns false when there is none. */
bool rules_check_suggest(const struct rules_check *c, const struct group *g, char *ret,
                         size_t size);

#endif
