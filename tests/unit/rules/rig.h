/*
 * rig.h - rules from text, the mistakes that are reported in them, and their verdicts.
 */
#ifndef UNIT_RULES_RIG_H
#define UNIT_RULES_RIG_H

#include "tests/unit/temp.h"

#include "rules/rules.h"

/* The reported mistakes, as lines. */
extern char mistakes[65536];
void on_mistake(const struct file_mistake *m, void *arg);

/* Load text as a file "t.rules"; good() expects that no mistake is reported. */
int load(struct rules **ret, const char *text);
struct rules *good(const char *text);
/* Expects that text is refused and that this message is among the reported ones. */
void bad(const char *text, const char *want);

extern const struct rules_fields nothing;
struct rules_fields text_of(const char *diag);

/* Judges with the prefilter, without it, and once more from the memo. */
struct rules_result judge(struct rules *r, const struct rules_fields *f);
void expect_of(struct rules *r, struct rules_fields f, const char *id, enum rules_verdict verdict);
void expect(struct rules *r, const char *diag, const char *id, enum rules_verdict verdict);

#endif
