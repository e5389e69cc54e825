#include "logstash/select_match.h"

#include <stdio.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
#define PART_MAX 256

/* The length of the alternative at text: up to a | outside of brackets. */
static size_t alternative(const char *text)
{
	size_t i = 0;
	int depth = 0;
	for (; text[i] && (depth > 0 || text[i] != '|'); i++) {
		if (text[i] == '\\' && text[i + 1])
			i++;
		else if (strchr("([", text[i]))
			depth++;
		else if (strchr(")]", text[i]))
			depth--;
	}
	return i;
}

/* A quote around a cell, which may be absent in the expression or in the row. */
static const char *skip_quote(const char *p)
{
	if (p[0] == '\\' && p[1] == '"')
		p++;
	if (*p != '"')
		return p;
	return p + 1 + (p[1] == '?');
}

/* Is word one of the alternatives "b|rb" between p and end?  A prefix of it is enough if asked. */
static enum select one_of(const char *p, const char *end, const char *word, bool prefix)
{
	enum select s = SELECT_NO;
	while (p <= end) {
		size_t len = strcspn(p, "|)");
		if (p + len > end)
			len = (size_t)(end - p);
		if (strspn(p, LETTERS) < len)
			return SELECT_MAYBE;
		if (strncmp(p, word, len) == 0 && (prefix || word[len] == '\0'))
			s = SELECT_YES;
		p += len + 1;
	}
	return s;
}

/* The same for "[bf]". */
static enum select one_of_letters(const char *p, const char *end, const char *word, bool prefix)
{
	for (const char *q = p; q < end; q++)
		if (!strchr(LETTERS, *q))
			return SELECT_MAYBE;
	bool first = memchr(p, *word, (size_t)(end - p));
	return first && (prefix || word[1] == '\0') ? SELECT_YES : SELECT_NO;
}

/* The first cell of the expression, after ^: its alternatives begin and end there. */
struct cell {
	const char *begin, *end, *after;
	bool letters;
};

static bool cell_at(const char *p, struct cell *ret)
{
	size_t open = strncmp(p, "(?:", 3) == 0 ? 3 : *p == '(';
	ret->letters = *p == '[';
	if (open > 0 || ret->letters) {
		ret->begin = p + (ret->letters ? 1 : open);
		ret->end = strchr(p, ret->letters ? ']' : ')');
		ret->after = ret->end ? ret->end + 1 : NULL;
		return ret->end;
	}
	ret->begin = p;
	ret->end = ret->after = p + strspn(p, LETTERS);
	return ret->end > p;
}

static enum select match_one(const char *regex, const char *type)
{
	struct cell cell;
	if (*regex != '^' || !cell_at(skip_quote(regex + 1), &cell))
		return SELECT_MAYBE;
	const char *rest = skip_quote(cell.after);
	bool comma = *rest == ',' || strncmp(rest, "\\,", 2) == 0 || strncmp(rest, "\\b", 2) == 0;
	if (!comma && *rest && strcmp(rest, ".*") != 0)
		return SELECT_MAYBE;
	enum select s = cell.letters ? one_of_letters(cell.begin, cell.end, type, !comma)
	                             : one_of(cell.begin, cell.end, type, !comma);
	if (comma)
		rest += *rest == ',' ? 1 : 2;
	bool more = *rest && strcmp(rest, ".*") != 0 && strcmp(rest, ".*$") != 0;
	return s == SELECT_YES && more ? SELECT_MAYBE : s;
}

enum select select_match_row(const char *regex, const char *type)
{
	enum select s = SELECT_NO;
	for (const char *p = regex;; p++) {
		char one[PART_MAX];
		size_t len = alternative(p);
		if (len >= sizeof(one))
			return SELECT_MAYBE;
		(void)snprintf(one, sizeof(one), "%.*s", (int)len, p);
		enum select t = match_one(one, type);
		s = t > s ? t : s;
		p += len;
		if (!*p)
			return s;
	}
}

/* Copies an expression that is a plain text, without its anchors.  Returns false for others. */
static bool plain(const char *regex, char *ret, size_t size, bool *ret_start, bool *ret_end)
{
	size_t n = 0;
	*ret_start = *regex == '^';
	*ret_end = false;
	for (const char *p = regex + *ret_start; *p; p++) {
		if (p[0] == '$' && !p[1]) {
			*ret_end = true;
			break;
		}
		bool escaped = p[0] == '\\' && p[1] && !strchr(LETTERS, p[1]);
		p += escaped;
		if (n + 1 >= size || (!escaped && strchr(".*+?()[]{}|^$\\", *p)))
			return false;
		ret[n++] = *p;
	}
	ret[n] = '\0';
	return true;
}

static enum select match_part(const char *regex, const char *text)
{
	char want[PART_MAX];
	bool start, end;
	if (!plain(regex, want, sizeof(want), &start, &end))
		return SELECT_MAYBE;
	size_t len = strlen(text), n = strlen(want);
	bool found = n <= len && (start && end ? strcmp(text, want) == 0
	                          : start      ? strncmp(text, want, n) == 0
	                          : end        ? strcmp(text + len - n, want) == 0
	                                       : strstr(text, want) != NULL);
	return found ? SELECT_YES : SELECT_NO;
}

/* "^(b|rb)$" is taken apart, and so is "bounce|diag". */
enum select select_match_text(const char *regex, const char *text)
{
	enum select s = SELECT_NO;
	size_t len = strlen(regex);
	bool group = len > 4 && strncmp(regex, "^(", 2) == 0 && strcmp(regex + len - 2, ")$") == 0;
	if (group)
		return one_of(regex + 2 + (regex[2] == '?' ? 2 : 0), regex + len - 2, text, false);
	for (const char *p = regex;; p++) {
		char one[PART_MAX];
		size_t n = alternative(p);
		if (n >= sizeof(one))
			return SELECT_MAYBE;
		(void)snprintf(one, sizeof(one), "%.*s", (int)n, p);
		enum select t = match_part(one, text);
		s = t > s ? t : s;
		p += n;
		if (!*p)
			return s;
	}
}
