/*
 * The verdict if no rule matches: by the enhanced status (RFC 3463) if it is specific, else by
 * PowerMTA's bounceCat.  dsnStatus comes first because PowerMTA looks at words before the status: a
 * "5.1.1 Recipient address rejected" becomes policy-related there.
 *
 * Only statuses that mean a bad address are hard.  x.7 (security, policy) and x.6 (content) blame
 * the sender.  x.0.0 has no information.
 */
#include <string.h>

#include "rules/impl.h"

static const struct {
	const char *code, *id; /* code: a prefix by class, the longest wins: see builtin_of() */
	enum rules_verdict verdict;
} statuses[] = {
#define STATUS(code, verdict)                                                                      \
	{                                                                                          \
		code, "builtin:status " code, verdict                                              \
	}
        STATUS("4", RULES_SOFT),        STATUS("5.1.1", RULES_HARD),
        STATUS("5.1.2", RULES_HARD),    STATUS("5.1.3", RULES_HARD),
        STATUS("5.1.4", RULES_SOFT),    STATUS("5.1.6", RULES_HARD),
        STATUS("5.1.7", RULES_BLOCK),   STATUS("5.1.8", RULES_BLOCK),
        STATUS("5.1.9", RULES_SOFT),    STATUS("5.1.10", RULES_HARD),
        STATUS("5.1.351", RULES_HARD),  STATUS("5.2.0", RULES_UNKNOWN),
        STATUS("5.2.1", RULES_HARD),    STATUS("5.2", RULES_SOFT),
        STATUS("5.3", RULES_SOFT),      STATUS("5.4.0", RULES_UNKNOWN),
        STATUS("5.4.4", RULES_HARD),    STATUS("5.4.310", RULES_HARD),
        STATUS("5.4", RULES_SOFT),      STATUS("5.5.0", RULES_UNKNOWN),
        STATUS("5.5.1", RULES_UNKNOWN), STATUS("5.5", RULES_SOFT),
        STATUS("5.6.0", RULES_UNKNOWN), STATUS("5.6", RULES_BLOCK),
        STATUS("5.7", RULES_BLOCK),
#undef STATUS
};

/* PowerMTA's categories.  All known mappings agree that the first three, and only they, are hard.
 */
static const struct {
	const char *cat, *id;
	enum rules_verdict verdict;
} cats[] = {
#define CAT(cat, verdict)                                                                          \
	{                                                                                          \
		cat, "builtin:cat " cat, verdict                                                   \
	}
        CAT("bad-mailbox", RULES_HARD),      CAT("bad-domain", RULES_HARD),
        CAT("inactive-mailbox", RULES_HARD), CAT("spam-related", RULES_BLOCK),
        CAT("policy-related", RULES_BLOCK),  CAT("content-related", RULES_BLOCK),
        CAT("virus-related", RULES_BLOCK),   CAT("relaying-issues", RULES_BLOCK),
        CAT("invalid-sender", RULES_BLOCK),  CAT("quota-issues", RULES_SOFT),
        CAT("message-expired", RULES_SOFT),  CAT("no-answer-from-host", RULES_SOFT),
        CAT("routing-errors", RULES_SOFT),   CAT("protocol-errors", RULES_SOFT),
        CAT("bad-connection", RULES_SOFT),   CAT("bad-configuration", RULES_SOFT),
#undef CAT
};
#define NSTATUSES (sizeof(statuses) / sizeof(statuses[0]))
#define NCATS (sizeof(cats) / sizeof(cats[0]))

size_t builtin_unknown(void)
{
	return NSTATUSES + NCATS;
}

size_t builtin_count(void)
{
	return NSTATUSES + NCATS + 1;
}

const char *builtin_id(size_t i)
{
	if (i < NSTATUSES)
		return statuses[i].id;
	return i < builtin_unknown() ? cats[i - NSTATUSES].id : "builtin:unknown";
}

enum rules_verdict builtin_verdict(size_t i)
{
	if (i < NSTATUSES)
		return statuses[i].verdict;
	return i < builtin_unknown() ? cats[i - NSTATUSES].verdict : RULES_UNKNOWN;
}

/* Returns the most specific entry for a code, or builtin_unknown(). */
static size_t by_status(struct slice code)
{
	size_t ret = builtin_unknown(), longest = 0;
	for (size_t i = 0; i < NSTATUSES; i++) {
		size_t len = strlen(statuses[i].code);
		if (len <= longest || !text_status_begins(code, statuses[i].code))
			continue;
		longest = len;
		ret = i;
	}
	return builtin_verdict(ret) == RULES_UNKNOWN ? builtin_unknown() : ret;
}

static size_t by_cat(struct slice cat)
{
	for (size_t i = 0; i < NCATS; i++)
		if (words_equal(cat, cats[i].cat))
			return NSTATUSES + i;
	return builtin_unknown();
}

/*
 * A status of x.0.0 is the default for a reply without a status: a code in the text is more
 * specific, and so is the class of the reply code.
 */
size_t builtin_of(const struct rules_fields *f, struct slice status, const struct text *text)
{
	size_t ret = by_status(status);
	if (ret != builtin_unknown() &&
	    !(status.len > 4 && memcmp(status.text + 1, ".0.0", 4) == 0))
		return ret;
	size_t other = by_status(text_status(text->folded));
	if (other != builtin_unknown())
		return other;
	if (ret == builtin_unknown() && text_reply_class(text->folded) == 4)
		ret = by_status(slice_of("4.0.0"));
	return ret != builtin_unknown() ? ret : by_cat(f->cat);
}
