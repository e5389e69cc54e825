/*
 * Texts that differ only in addresses, hosts, numbers and ids are one kind of bounce.  Words and
 * reply codes stay, and so does the reason after "p=" in Google's links.
 */
#include <ctype.h>
#include <string.h>

#include "rules/impl.h"

struct out {
	char *at, *end;
	bool blank; /* a blank is due before the next word */
	bool any;
};

static void put_bytes(struct out *o, const char *text, size_t len)
{
	if (o->blank && o->any && o->at < o->end)
		*o->at++ = ' ';
	o->blank = false;
	for (size_t i = 0; i < len && o->at < o->end; i++)
		*o->at++ = words_lower(text[i]);
	o->any = true;
}

static void put_word(struct out *o, const char *word)
{
	put_bytes(o, word, strlen(word));
}

static bool has(struct slice s, const char *part)
{
	return memmem(s.text, s.len, part, strlen(part)) != NULL;
}

/* Writes host and reason of "https://support.google.com/mail/?p=NoSuchUser". */
static void put_url(struct out *o, struct slice url)
{
	const char *host = memmem(url.text, url.len, "://", 3);
	const char *from = host ? host + 3 : url.text, *end = url.text + url.len, *to = from;
	while (to < end && *to != '/' && *to != '?')
		to++;
	put_bytes(o, from, (size_t)(to - from));
	const char *key = memmem(to, (size_t)(end - to), "?p=", 3);
	if (!key)
		return;
	for (to = key + 3; to < end && isalnum((unsigned char)*to);)
		to++;
	put_bytes(o, key, (size_t)(to - key));
}

struct shape {
	size_t digits, letters, dots, dashes, colons, capitals, others;
};

static struct shape shape_of(struct slice w)
{
	struct shape s = {0};
	for (size_t i = 0; i < w.len; i++) {
		unsigned char c = (unsigned char)w.text[i];
		s.digits += isdigit(c) != 0;
		s.letters += isalpha(c) != 0 || c >= 0x80;
		s.capitals += isupper(c) != 0;
		s.dots += c == '.';
		s.dashes += c == '-' || c == '_';
		s.colons += c == ':';
		s.others += !isalnum(c) && c < 0x80 && !strchr(".-_:", c);
	}
	return s;
}

static bool is_code(struct slice w)
{
	return (w.len == 3 && strchr("245", w.text[0])) || text_status(w).len == w.len;
}

/* Returns the token that replaces the word, or NULL: the word stays. */
static const char *token(struct slice w, const struct shape *s)
{
	if (memchr(w.text, '@', w.len))
		return "<addr>";
	if (s->digits > 0 && s->letters == 0 && s->dots == 3)
		return "<ip>";
	if (s->digits + s->dots + s->colons + s->dashes == w.len && s->digits > 0)
		return is_code(w) ? NULL : s->colons ? "<time>" : "<n>";
	if (s->colons >= 2 && s->digits > 0)
		return "<ip>";
	if (s->digits >= 3 && s->letters > 0 && w.len >= 8)
		return "<id>";
	if (s->dots > 0 && s->letters > 1 && w.len >= 6 && w.text[w.len - 1] != '.' &&
	    !has(w, "..") && s->others == 0)
		return s->digits > 0 || s->dashes > 0 || s->dots > 1 ? "<host>" : "<domain>";
	return s->digits >= 2 && s->letters > 0 && s->capitals > 0 ? "<id>" : NULL;
}

/* Returns true for a symbol such as RESOLVER.ADR.RecipNotFound, which is not a host. */
static bool is_symbol(struct slice w)
{
	return w.len > 4 && isupper((unsigned char)w.text[0]) &&
	       isupper((unsigned char)w.text[1]) && isupper((unsigned char)w.text[2]);
}

static void put_token(struct out *o, struct slice w)
{
	const struct shape s = shape_of(w);
	const char *t = s.digits == 0 && is_symbol(w) ? NULL : token(w, &s);
	if (t)
		put_word(o, t);
	else
		put_bytes(o, w.text, w.len);
}

static bool is_edge(char c)
{
	return strchr("()[]{}<>\"'`,;:!?", c) != NULL;
}

/* Writes a word between blanks; brackets and punctuation around it stay. */
static void put_piece(struct out *o, struct slice w)
{
	if (has(w, "://") || (w.len > 4 && memcmp(w.text, "www.", 4) == 0)) {
		put_url(o, w);
		return;
	}
	while (w.len > 0 && is_edge(*w.text)) {
		put_bytes(o, w.text, 1);
		w = (struct slice){w.text + 1, w.len - 1};
	}
	size_t len = w.len;
	while (len > 0 && (is_edge(w.text[len - 1]) || w.text[len - 1] == '.'))
		len--;
	if (len > 0)
		put_token(o, (struct slice){w.text, len});
	if (w.len > len)
		put_bytes(o, w.text + len, w.len - len);
}

void rules_normalise(struct slice diag, char *ret, size_t size)
{
	struct text text;
	struct out o = {.at = ret, .end = ret + size - 1};
	text_fold(&text, diag);
	const char *p = text.folded.text, *end = p + text.folded.len;
	while (p < end) {
		const char *from = p;
		while (p < end && *p != ' ')
			p++;
		if (p > from)
			put_piece(&o, (struct slice){from, (size_t)(p - from)});
		o.blank = true;
		while (p < end && *p == ' ')
			p++;
	}
	*o.at = '\0';
}
