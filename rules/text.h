/*
 * text.h - a diagnostic text as rules see it.
 *
 * PowerMTA joins the lines of a reply: "smtp;550-5.1.1 The account 550-5.1.1 you tried to reach
 * 550 5.1.1 does not exist".  A pattern such as "account you tried to reach" must hit all the same,
 * and so must one that was copied out of such a text as it stands.  So a text has two forms, and
 * what matches in either of them matches:
 *
 *   raw      the first RULES_TEXT_MAX bytes
 *   folded   without "smtp;" before it, the codes at the beginnings of further lines taken out,
 * line ends as blanks: "550 5.1.1 The account you tried to reach does not exist"
 */
#ifndef RULES_TEXT_H
#define RULES_TEXT_H

#include <stdbool.h>

#include "base/slice.h"
#include "rules/rules.h"

struct text {
	struct slice raw, folded;
	bool suffix; /* folded is the end of raw: only what looks at the beginning can differ */
	char buf[RULES_TEXT_MAX + 1];
};

void text_fold(struct text *ret, struct slice diag);

/* The first enhanced status code in it (RFC 3463: "5.1.1"), or an empty slice. */
struct slice text_status(struct slice text);

/* The code at the beginning of a dsnStatus such as "5.1.1 (bad destination mailbox address)". */
struct slice text_status_of_field(struct slice field);

/* A status begins with prefix when it is that or under it: "5.1.1" with "5.1", and "5.10" not. */
bool text_status_begins(struct slice status, const char *prefix);

/* 2, 4 or 5: of the first reply code in it; 0 for none. */
int text_reply_class(struct slice text);

#endif
