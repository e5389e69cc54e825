/*
 * judge.h - judges a record by the bounce rules before it is sent.
 */
#ifndef RULES_JUDGE_H
#define RULES_JUDGE_H

#include "record/record.h"
#include "rules/rules.h"

/* The members that a record gets; it must live as long as the record is used. */
struct judge_text {
	struct rules_result result;
	struct record_extra extra[RECORD_EXTRA_MAX];
	char why[RULES_WHY_SIZE];
};

/* Gets the fields that rules use.  They point into the record. */
void judge_fields(struct rules_fields *ret, const struct record *rec);

#define JUDGE_WITHHELD 1

/*
 * Judges the record and sets its members.  Returns 0, JUDGE_WITHHELD when it is not to be
 * delivered, or -ENOMEM.  Does nothing without rules.
 */
int judge_record(struct rules *rules, struct record *rec, struct judge_text *ret) MUST_CHECK;

#endif
