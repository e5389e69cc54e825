/*
 * rig.h - rules from text, what was told about them, and their verdicts.
 */
#ifndef UNIT_RULES_RIG_H
#define UNIT_RULES_RIG_H

#include "tests/unit/temp.h"

#include "rules/rules.h"

/* What was told of mistakes, as lines. */
extern char told[65536];
void on_mistake(const struct file_mistake *m, void *arg);

/* From the text of a file "t.rules". */
int load(struct rules **ret, const char *text);
struct rules *good(const char *text);
/* It is refused, and this is among what was told. */
void bad(const char *text, const char *want);

extern const struct rules_fields nothing;
struct rules_fields text_of(const char *diag);

/* Both ways; and once more, from the memo. */
struct rules_result judge(struct rules *r, const struct rules_fields *f);
void expect_of(struct rules *r, struct rules_fields f, const char *id, enum rules_verdict verdict);
void expect(struct rules *r, const char *diag, const char *id, enum rules_verdict verdict);

#endif
