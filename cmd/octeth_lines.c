#include "cmd/octeth_lines.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "record/columns.h"
#include "record/json.h"

static bool one_of(struct slice text, const char *const *list)
{
	for (; *list; list++) {
		if (slice_is(text, *list))
			return true;
	}
	return false;
}

/* "5.1.1" from "5.1.1 (bad destination mailbox address)"; empty if there is no such code. */
static struct slice status_of(struct slice text)
{
	size_t n = 0, dots = 0;
	while (n < text.len && (isdigit((unsigned char)text.text[n]) || text.text[n] == '.'))
		dots += text.text[n++] == '.';
	return dots == 2 ? (struct slice){text.text, n} : SLICE_EMPTY;
}

/*
 * True for a hard bounce: by the verdict of the rules; without one (RULES_UNKNOWN), by the enhanced
 * status code in dsnStatus; and if that is vague, by bounceCat.
 */
static bool is_hard(const struct record *rec, enum rules_verdict verdict)
{
	/* No such mailbox, no such system, and mailboxes closed for good (RFC 3463). */
	static const char *const hard[] = {"5.1.1", "5.1.2",  "5.1.3", "5.1.6",
	                                   "5.2.1", "5.1.10", NULL};
	/* These only say that delivery failed; then PowerMTA's bounceCat decides. */
	static const char *const vague[] = {"5.0.0", "5.1.0", "5.2.0", "5.4.0", "5.5.0", NULL};
	static const char *const categories[] = {"bad-mailbox", "bad-domain", "inactive-mailbox",
	                                         NULL};
	/* The page has only Hard and Soft.  A block is not the address's fault, so it becomes Soft.
	 */
	if (verdict != RULES_UNKNOWN)
		return verdict == RULES_HARD;
	struct slice status = status_of(record_get(rec, "dsnStatus"));
	if (one_of(status, hard))
		return true;
	return (status.len == 0 || one_of(status, vague)) &&
	       one_of(record_get(rec, "bounceCat"), categories);
}

/* True for an address that fits between commas on one line. */
static bool is_address(struct slice a)
{
	if (a.len == 0 || !memchr(a.text, '@', a.len))
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (a.text[i] == ',' || a.text[i] == '"' || isspace((unsigned char)a.text[i]) ||
		    iscntrl((unsigned char)a.text[i]))
			return false;
	}
	return true;
}

ssize_t octeth_line(const struct record *rec, enum rules_verdict verdict, char *ret, size_t room,
                    const char **ret_why)
{
	bool complaint = rec->type == RECORD_FEEDBACK;
	struct slice a;
	int n;
	if (!complaint && rec->type != RECORD_BOUNCED && rec->type != RECORD_REMOTE_BOUNCE)
		return 0;
	a = complaint ? fill_complainer(rec) : fill_address(record_get(rec, "orig"));
	if (!is_address(a)) {
		*ret_why = complaint ? "no address of the complainer (rcpt, header_To; a masked "
		                       "one is none)"
		                     : "no bounce address (orig)";
		return -EINVAL;
	}
	if (complaint)
		n = snprintf(ret, room, "complaint,%.*s", (int)a.len, a.text);
	else
		n = snprintf(ret, room, "bounce,%.*s,%s", (int)a.len, a.text,
		             is_hard(rec, verdict) ? "Hard" : "Soft");
	return n < 0 || (size_t)n >= room ? -ENOSPC : n;
}
