#include "ship/answer_body.h"

#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "record/json.h"

/* A text that is read from its beginning. */
struct look {
	const char *p, *end;
	bool whole;
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_blanks(struct look *l)
{
	while (l->p < l->end && is_blank(*l->p))
		l->p++;
}

static void skip_tags(struct look *l)
{
	for (skip_blanks(l); l->p < l->end && *l->p == '<'; skip_blanks(l)) {
		const char *close = memchr(l->p, '>', (size_t)(l->end - l->p));
		l->p = close ? close + 1 : l->end;
	}
}

static bool begins(const struct look *l, const char *text)
{
	size_t len = strlen(text);
	return (size_t)(l->end - l->p) >= len && strncasecmp(l->p, text, len) == 0;
}

/* The same, or the text was cut off and could still become it. */
static bool may_begin(const struct look *l, const char *text)
{
	size_t have = (size_t)(l->end - l->p);
	return begins(l, text) ||
	       (!l->whole && have < strlen(text) && strncasecmp(l->p, text, have) == 0);
}

static bool take(struct look *l, const char *word)
{
	if (!begins(l, word))
		return false;
	l->p += strlen(word);
	return true;
}

/*
 * A notice of PHP in front of the answer, as text or as HTML:
 *
 *	<br />\n<b>Warning</b>:  words in <b>file</b> on line <b>3</b><br />\n
 */
static bool skip_notice(struct look *l)
{
	static const char *const words[] = {"notice", "warning", "deprecated", "strict standards"};
	struct look at = *l;
	bool found = false;
	skip_tags(&at);
	(void)take(&at, "php ");
	for (size_t i = 0; !found && i < sizeof(words) / sizeof(words[0]); i++)
		found = take(&at, words[i]);
	skip_tags(&at);
	if (!found || !take(&at, ":"))
		return false;
	while (at.p < at.end && *at.p != '\n' && !begins(&at, "<br"))
		at.p++;
	if (begins(&at, "<br")) {
		const char *close = memchr(at.p, '>', (size_t)(at.end - at.p));
		at.p = close ? close + 1 : at.end;
	}
	skip_blanks(&at);
	*l = at;
	return true;
}

/* "Fatal error:" or "Parse error:", perhaps with tags between its words and the colon. */
static bool script_died(struct look l)
{
	for (; l.p < l.end; l.p++) {
		struct look at = l;
		if (!take(&at, "fatal error") && !take(&at, "parse error"))
			continue;
		skip_tags(&at);
		if (begins(&at, ":"))
			return true;
	}
	return false;
}

static bool rejected(const struct look *l, const struct strlist *reject_body)
{
	for (size_t i = 0; i < reject_body->n; i++) {
		if (may_begin(l, reject_body->v[i]))
			return true;
	}
	return false;
}

/* A page may have a declaration or comments before it. */
static bool is_page(struct look l)
{
	while (begins(&l, "<?xml") || begins(&l, "<!--")) {
		const char *last = begins(&l, "<!--") ? "-->" : "?>";
		const char *close = memmem(l.p, (size_t)(l.end - l.p), last, strlen(last));
		l.p = close ? close + strlen(last) : l.end;
		skip_blanks(&l);
	}
	return begins(&l, "<!doctype html") || begins(&l, "<html");
}

enum body_says answer_body(struct slice body, bool whole, const struct strlist *reject_body,
                           size_t *ret_failed)
{
	struct look l = {body.text, body.text + body.len, whole};
	*ret_failed = 0;
	l.p += utf8_bom(body.text, body.len);
	skip_blanks(&l);
	do {
		if (rejected(&l, reject_body))
			return BODY_FAILED;
	} while (skip_notice(&l));
	if (l.p < l.end && (*l.p == '{' || *l.p == '[')) {
		bool failed = json_answer_failed(l.p, (size_t)(l.end - l.p), ret_failed);
		return failed ? BODY_FAILED : BODY_NOTHING;
	}
	if (script_died(l))
		return BODY_FAILED;
	return is_page(l) ? BODY_PAGE : BODY_NOTHING;
}
