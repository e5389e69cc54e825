#include "logstash/select.h"

#include <stdio.h>
#include <string.h>

#include "logstash/select_match.h"

#define WORD_MAX 256
#define DEPTH_MAX 32

enum kind { END, WORD, TEXT, REGEX, FIELD, LIST, SIGN };

/* A condition being read. */
struct cond {
	const struct select_row *row;
	const char *at;
	enum kind kind;
	char word[WORD_MAX]; /* of a TEXT, REGEX, FIELD, WORD or SIGN; cut when it is longer */
	const char *list;    /* of a LIST: after its bracket */
	unsigned depth;
};

static enum select not(enum select s) {
	return s == SELECT_MAYBE ? s
	       : s == SELECT_NO  ? SELECT_YES
	                         : SELECT_NO;
}

static enum select both(enum select a, enum select b)
{
	return a < b ? a : b;
}

static enum select either(enum select a, enum select b)
{
	return a > b ? a : b;
}

/* ---- tokens ---- */

static void keep(struct cond *c, enum kind kind, const char *text, size_t len)
{
	c->kind = kind;
	(void)snprintf(c->word, sizeof(c->word), "%.*s", (int)(len < WORD_MAX ? len : WORD_MAX - 1),
	               text);
}

/* A text or a regular expression; a backslash protects the end. */
static void take_until(struct cond *c, enum kind kind, char end)
{
	const char *start = ++c->at;
	while (*c->at && *c->at != end)
		c->at += c->at[0] == '\\' && c->at[1] ? 2 : 1;
	keep(c, kind, start, (size_t)(c->at - start));
	c->at += *c->at == end;
}

/* "[type]" and "[log][file]" are fields, ["b", "rb"] is a list. */
static void take_bracket(struct cond *c)
{
	const char *start = c->at, *p = start + 1 + strspn(start + 1, " \t\r\n");
	if (*p == '"' || *p == '\'') {
		c->kind = LIST;
		c->list = p;
		while (*p && *p != ']') {
			if (*p == '"' || *p == '\'') {
				const char *end = strchr(p + 1, *p);
				p = end ? end : p;
			}
			p++;
		}
		c->at = p + (*p == ']');
		return;
	}
	while (*c->at == '[') {
		const char *end = strchr(c->at, ']');
		c->at = end ? end + 1 : c->at + strlen(c->at);
	}
	keep(c, FIELD, start, (size_t)(c->at - start));
}

static void next(struct cond *c)
{
	c->at += strspn(c->at, " \t\r\n");
	size_t word = strspn(c->at,
	                     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
	if (!*c->at) {
		keep(c, END, "", 0);
	} else if (*c->at == '"' || *c->at == '\'') {
		take_until(c, TEXT, *c->at);
	} else if (*c->at == '/') {
		take_until(c, REGEX, '/');
	} else if (*c->at == '[') {
		take_bracket(c);
	} else if (word > 0) {
		keep(c, WORD, c->at, word);
		c->at += word;
	} else {
		size_t n = strchr("=!<>", c->at[0]) && c->at[1] && strchr("=~", c->at[1]) ? 2 : 1;
		keep(c, SIGN, c->at, n);
		c->at += n;
	}
}

static bool is(const struct cond *c, enum kind kind, const char *word)
{
	return c->kind == kind && strcmp(c->word, word) == 0;
}

/* ---- values ---- */

/* The name of the field with the type: the first column of csv, after its renames. */
static const char *type_field(const struct pipeline *p)
{
	const char *name = NULL;
	for (size_t i = 0; i < p->n; i++) {
		const struct pipeline_item *item = &p->items[i];
		if (item->section != PIPELINE_FILTER || !item->key)
			continue;
		if ((!name && strcmp(item->key, "columns") == 0) ||
		    (name && strcmp(item->key, "rename") == 0 && strcmp(item->sub, name) == 0))
			name = item->value;
	}
	return name;
}

/* True if text is the field of that name: "[type]". */
static bool names(const char *text, const char *field)
{
	size_t len = strlen(field);
	return text[0] == '[' && strncmp(text + 1, field, len) == 0 &&
	       strcmp(text + 1 + len, "]") == 0;
}

/* A field whose value is known, or NULL. */
static const char *value_of(const struct select_row *row, const char *field)
{
	const char *column = type_field(row->p);
	if (column && *column && strlen(column) < WORD_MAX && names(field, column))
		return row->type;
	if (names(field, "type"))
		return pipeline_value(row->p, row->input, "type", NULL);
	return NULL;
}

static bool is_path(const char *field)
{
	return names(field, "path") || strcmp(field, "[log][file][path]") == 0;
}

static bool is_message(const char *field)
{
	return names(field, "message") || strcmp(field, "[event][original]") == 0;
}

static bool is_set(const struct pipeline *p, const char *key, const char *value, unsigned input,
                   bool filters)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct pipeline_item *item = &p->items[i];
		if (item->key && strcmp(item->key, key) == 0 && strcmp(item->value, value) == 0 &&
		    (filters ? item->section == PIPELINE_FILTER : item->plugin == input))
			return true;
	}
	return false;
}

/* A tag of the input is there, and one that nothing adds is not; failures add those with "_". */
static enum select has_tag(const struct select_row *row, const char *tag)
{
	if (is_set(row->p, "tags", tag, row->input, false))
		return SELECT_YES;
	return *tag == '_' || is_set(row->p, "add_tag", tag, 0, true) ? SELECT_MAYBE : SELECT_NO;
}

static enum select in_list(const char *list, const char *value)
{
	for (const char *p = list; *p == '"' || *p == '\'';) {
		const char *end = strchr(p + 1, *p);
		if (!end)
			return SELECT_MAYBE;
		if ((size_t)(end - p - 1) == strlen(value) &&
		    strncmp(p + 1, value, strlen(value)) == 0)
			return SELECT_YES;
		p = end + 1 + strspn(end + 1, " \t\r\n,");
	}
	return SELECT_NO;
}

/* ---- grammar ---- */

static enum select compare(struct cond *c, const char *field, const char *sign)
{
	const char *value = value_of(c->row, field);
	enum select s = SELECT_MAYBE;
	if (strcmp(sign, "=~") == 0 || strcmp(sign, "!~") == 0) {
		if (is_message(field))
			s = select_match_row(c->word, c->row->type);
		else if (is_path(field))
			s = select_match_text(c->word, c->row->path);
		else if (value)
			s = select_match_text(c->word, value);
	} else if (value && c->kind == TEXT &&
	           (strcmp(sign, "==") == 0 || strcmp(sign, "!=") == 0)) {
		s = strcmp(value, c->word) == 0 ? SELECT_YES : SELECT_NO;
	}
	return *sign == '!' ? not(s) : s;
}

/* The answer of "in": is a field's value in a list, or a text in a field. */
static enum select look_in(const struct cond *c, enum kind kind, const char *word)
{
	const char *value = kind == FIELD ? value_of(c->row, word) : NULL;
	if (value && c->kind == LIST)
		return in_list(c->list, value);
	if (kind != TEXT || c->kind != FIELD)
		return SELECT_MAYBE;
	if (names(c->word, "tags"))
		return has_tag(c->row, word);
	if (is_path(c->word))
		return strstr(c->row->path, word) ? SELECT_YES : SELECT_NO;
	value = value_of(c->row, c->word);
	return !value ? SELECT_MAYBE : strstr(value, word) ? SELECT_YES : SELECT_NO;
}

static enum select any_of(struct cond *c);

static enum select operand(struct cond *c)
{
	char word[WORD_MAX], sign[WORD_MAX];
	enum kind kind = c->kind;
	memcpy(word, c->word, sizeof(word));
	next(c);
	bool negated = is(c, WORD, "not");
	if (negated)
		next(c);
	if (is(c, WORD, "in")) {
		next(c);
		enum select s = look_in(c, kind, word);
		next(c);
		return negated ? not(s) : s;
	}
	if (c->kind != SIGN || strlen(c->word) < 1 || !strchr("=!<>", *c->word))
		return is_message(word) || value_of(c->row, word) ? SELECT_YES : SELECT_MAYBE;
	memcpy(sign, c->word, sizeof(sign));
	next(c);
	enum select s = kind == FIELD ? compare(c, word, sign) : SELECT_MAYBE;
	next(c);
	return s;
}

static enum select one(struct cond *c)
{
	if (++c->depth > DEPTH_MAX || c->kind == END)
		return SELECT_MAYBE;
	enum select s = SELECT_MAYBE;
	if (is(c, SIGN, "!")) {
		next(c);
		s = not(one(c));
	} else if (is(c, SIGN, "(")) {
		next(c);
		s = any_of(c);
		if (is(c, SIGN, ")"))
			next(c);
	} else {
		s = operand(c);
	}
	c->depth--;
	return s;
}

static enum select all_of(struct cond *c)
{
	enum select s = one(c);
	while (is(c, WORD, "and")) {
		next(c);
		s = both(s, one(c));
	}
	return s;
}

static enum select any_of(struct cond *c)
{
	enum select s = all_of(c);
	while (is(c, WORD, "or")) {
		next(c);
		s = either(s, all_of(c));
	}
	return s;
}

enum select select_condition(const struct select_row *row, const char *condition)
{
	struct cond c = {.row = row, .at = condition};
	next(&c);
	if (c.kind == END)
		return SELECT_YES;
	enum select s = any_of(&c);
	return c.kind == END ? s : SELECT_MAYBE; /* xor, nand, or what is not understood */
}

/* ---- branches ---- */

enum select select_branch(const struct select_row *row, size_t branch)
{
	const struct pipeline_branch *b = &row->p->branches[branch];
	enum select s = select_condition(row, b->condition);
	for (size_t i = b->before; i != PIPELINE_NONE; i = row->p->branches[i].before)
		s = both(s, not(select_condition(row, row->p->branches[i].condition)));
	return s;
}

enum select select_reaches(const struct select_row *row, unsigned plugin)
{
	enum select s = SELECT_YES;
	for (size_t i = 0; i < row->p->nbranches; i++) {
		const struct pipeline_branch *b = &row->p->branches[i];
		if (b->first <= plugin && plugin < b->end)
			s = both(s, select_branch(row, i));
	}
	return s;
}

enum select select_dropped(const struct select_row *row)
{
	enum select s = SELECT_NO;
	for (size_t i = 0; i < row->p->n; i++) {
		const struct pipeline_item *item = &row->p->items[i];
		if (item->key || item->section != PIPELINE_FILTER ||
		    strcmp(item->name, "drop") != 0)
			continue;
		enum select one_drop = select_reaches(row, item->plugin);
		if (pipeline_value(row->p, item->plugin, "percentage", NULL))
			one_drop = both(one_drop, SELECT_MAYBE);
		s = either(s, one_drop);
	}
	return s;
}
