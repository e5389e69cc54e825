/*
 * text.h - the two forms of a diagnostic text that rules are matched against.
 *
 * PowerMTA joins the lines of a reply: "smtp;550-5.1.1 The account 550-5.1.1 you tried to reach
 * 550 5.1.1 does not exist".  A pattern such as "account you tried to reach" must match it, and so
 * must a pattern that was copied from such a text unchanged.  So a text has two forms, and a
 * pattern that matches one of them matches:
 *
 *   raw      the first RULES_TEXT_MAX bytes
 *   folded   without "smtp;", without the codes at the beginnings of further lines, and with
 *            line ends as blanks: "550 5.1.1 The account you tried to reach does not exist"
 */
#ifndef RULES_TEXT_H
#define RULES_TEXT_H

#include <stdbool.h>

#include "base/slice.h"
#include "rules/rules.h"

struct text {
	struct slice raw, folded;
	bool suffix; /* folded is the end of raw: only a match at the beginning can differ */
	char buf[RULES_TEXT_MAX + 1];
};

void text_fold(struct text *ret, struct slice diag);

/* Returns the first enhanced status code in text (RFC 3463: "5.1.1"), or an empty slice. */
struct slice text_status(struct slice text);

/* Returns the code at the start of a dsnStatus such as "5.1.1 (bad destination mailbox address)".
 */
struct slice text_status_of_field(struct slice field);

/* Returns true if status is prefix or below it: "5.1.1" is below "5.1", "5.10" is not. */
bool text_status_begins(struct slice status, const char *prefix);

/* Returns the class of the first reply code in text: 2, 4 or 5; 0 for none. */
int text_reply_class(struct slice text);

#endif
