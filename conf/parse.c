#include "conf/parse.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/scope.h"
#include "conf/options.h"

/* Token types; a symbol is its own type. */
#define T_END '\0'
#define T_WORD 'w'

struct word {
	const char *text; /* as written, without quotes */
	size_t len;
	unsigned line;
};

struct look {
	struct parsed *parsed;
	struct mistakes *m;
	const char *p; /* next byte */
	unsigned line; /* of p */

	char token; /* type of the last token */
	struct word at;
	char *value; /* of a word, with escapes and variables replaced */
	size_t nvalue;

	bool inside;  /* in a section: the last one */
	bool unknown; /* the section is unknown, and so are its keys */
};

/* Reports a syntax error. */
#define BROKEN(l, at_line, ...)                                                                    \
	do {                                                                                       \
		mistake((l)->m, at_line, __VA_ARGS__);                                             \
		(l)->parsed->broken = true;                                                        \
	} while (0)

/* Reports a misplaced token, but only the first one, because others tend to follow. */
#define MISPLACED(l, at_line, ...)                                                                 \
	do {                                                                                       \
		if (!(l)->parsed->broken && !(l)->unknown)                                         \
			BROKEN(l, at_line, __VA_ARGS__);                                           \
	} while (0)

static void *need(struct look *l, void *p)
{
	l->m->no_memory |= !p;
	return p;
}

static char *copy(struct look *l, const struct word *w)
{
	return need(l, strndup(w->text, w->len));
}

static void pass(struct look *l, size_t n)
{
	for (const char *end = l->p + n; l->p < end; l->p++)
		l->line += *l->p == '\n';
}

/* ---- strings ---- */

static void put(struct look *l, const char *bytes, size_t n)
{
	char *v = need(l, realloc(l->value, l->nvalue + n + 1));
	if (!v)
		return;
	memcpy(v + l->nvalue, bytes, n);
	l->value = v;
	l->nvalue += n;
	v[l->nvalue] = '\0';
}

/* ${NAME} or ${NAME:-default}. */
static void variable(struct look *l)
{
	size_t n = strcspn(l->p, "}\"\n");
	scope_free char *name = need(l, strndup(l->p + 2, n - 2));
	if (l->p[n] != '}')
		BROKEN(l, l->line, "'${' without '}' (for the two characters themselves: \\${)");
	l->p += l->p[n] == '}' ? n + 1 : 2;
	if (!name || l->p[-1] != '}')
		return;
	char *fallback = strstr(name, ":-");
	if (fallback)
		*fallback = '\0';
	const char *value = getenv(name);
	if (!value && fallback)
		value = fallback + 2;
	if (value)
		put(l, value, strlen(value));
	else
		mistake(l->m, l->line, "environment variable '%s' is not set%s", name,
		        strcmp(name, "CREDENTIALS_DIRECTORY") == 0
		                ? " (systemd sets it for a service that has credentials)"
		                : " (for the characters themselves: \\${)");
}

/* A byte given by its number, of n digits.  A NUL would cut the value short. */
static void number(struct look *l, size_t n, int base)
{
	char digits[4] = "";
	char *end = digits;
	memcpy(digits, l->p, n < 3 ? n : 3);
	unsigned long value = strtoul(digits, &end, base);
	char byte = (char)value;
	if (n > 3 || *end || value > 0xff)
		BROKEN(l, l->line, "bad escape '\\%.*s' in a string", (int)n, l->p);
	else if (value == 0)
		BROKEN(l, l->line, "a NUL byte in a string");
	else
		put(l, &byte, 1);
	l->p += n;
}

/* After a backslash.  A backslash at the end of a line joins it to the next one. */
static void escape(struct look *l, char quote)
{
	static const char letters[] = "nrtbfvae";
	static const char bytes[] = "\n\r\t\b\f\v\a\033";
	size_t digits = strspn(l->p, "0123456789");
	const char *letter = *l->p ? strchr(letters, *l->p) : NULL;
	if (quote == '\'' && *l->p != '\'' && *l->p != '\\' && *l->p != '\n') {
		put(l, "\\", 1);
	} else if (quote == '"' && digits > 0) {
		number(l, digits, 8);
	} else if (quote == '"' && *l->p == 'x' && isxdigit((unsigned char)l->p[1])) {
		l->p++;
		number(l, isxdigit((unsigned char)l->p[1]) ? 2 : 1, 16);
	} else {
		if (*l->p != '\n')
			put(l, quote == '"' && letter ? &bytes[letter - letters] : l->p, 1);
		pass(l, *l->p != '\0');
	}
}

static void string(struct look *l)
{
	char quote = *l->p++;
	put(l, "", 0);
	while (*l->p && *l->p != quote) {
		if (*l->p == '\\') {
			l->p++;
			escape(l, quote);
		} else if (quote == '"' && l->p[0] == '$' && l->p[1] == '{') {
			variable(l);
		} else {
			size_t n = 1 + strcspn(l->p + 1, "\\$\"'");
			put(l, l->p, n);
			pass(l, n);
		}
	}
	l->at.text++;
	l->at.len = (size_t)(l->p - l->at.text);
	l->token = *l->p ? T_WORD : quote;
	if (*l->p)
		l->p++;
	else
		BROKEN(l, l->at.line, "the string that begins here has no closing quote");
}

/* ---- tokens ---- */

static void comment(struct look *l)
{
	const char *end = strstr(l->p + 2, "*/");
	if (!end)
		BROKEN(l, l->line, "the comment that begins here has no end");
	pass(l, end ? (size_t)(end + 2 - l->p) : strlen(l->p));
}

static void skip_blanks(struct look *l)
{
	for (;;) {
		pass(l, strspn(l->p, " \t\r\n"));
		if (*l->p == '#' || (l->p[0] == '/' && l->p[1] == '/'))
			pass(l, strcspn(l->p, "\n"));
		else if (l->p[0] == '/' && l->p[1] == '*')
			comment(l);
		else
			return;
	}
}

static void symbol(struct look *l)
{
	l->token = *l->p++;
	l->at.len = 1;
	if (l->token == '+' && *l->p == '=')
		BROKEN(l, l->line, "'+=' is not supported: give the whole list with '='");
	else if (l->token == '+' || l->token == '*')
		BROKEN(l, l->line, "'%c' outside quotes (put the value in quotes)", l->token);
}

static void bare_word(struct look *l)
{
	l->token = T_WORD;
	put(l, l->p, l->at.len);
	l->p += l->at.len;
	if (l->p[-1] != '$' || *l->p != '{')
		return;
	BROKEN(l, l->line, "'${' outside quotes (put the value in quotes)");
	l->p += strcspn(l->p, "}\n");
	l->p += *l->p == '}';
}

static void next(struct look *l)
{
	skip_blanks(l);
	free(STEAL(l->value));
	l->nvalue = 0;
	l->at = (struct word){l->p, strcspn(l->p, " #\"'\t\n\r={}()+,*"), l->line};
	if (!*l->p)
		l->token = T_END;
	else if (*l->p == '"' || *l->p == '\'')
		string(l);
	else if (l->at.len == 0)
		symbol(l);
	else
		bare_word(l);
}

/* The token is not allowed here.  Returns false. */
static bool unexpected(struct look *l)
{
	if (l->token == T_END)
		MISPLACED(l, l->at.line, "premature end of file");
	else
		MISPLACED(l, l->at.line, "unexpected token '%.*s'", (int)l->at.len, l->at.text);
	return false;
}

/* ---- keys ---- */

static bool is_section(const char *name)
{
	return strcmp(name, "source") == 0 || strcmp(name, "endpoint") == 0;
}

static struct parsed_section *here(const struct look *l)
{
	return &l->parsed->sections[l->inside ? l->parsed->nsections - 1 : 0];
}

static void unknown_key(struct look *l, const char *type, const struct parsed_key *k)
{
	static const char *const homes[][2] = {{"", "at the top level"},
	                                       {"source", "in a source"},
	                                       {"endpoint", "in an endpoint"}};
	for (size_t i = 0; i < 3; i++) {
		if (!option_named(homes[i][0], k->name))
			continue;
		mistake(l->m, k->line, "key '%s' is in the wrong place (it belongs %s)", k->name,
		        homes[i][1]);
		return;
	}
	const char *nearest = option_nearest(type, k->name);
	mistake(l->m, k->line, "unknown key '%s'%s%s%s", k->name, NEAREST_HINT(nearest));
}

static void check_key(struct look *l, const struct parsed_section *s, const struct parsed_key *k)
{
	const struct parsed_key *first = s->keys;
	while (strcmp(first->name, k->name) != 0)
		first++;
	if (first != k)
		mistake(l->m, k->line, "'%s' is given twice (first in line %u)", k->name,
		        first->line);
	else if (!option_named(s->type, k->name))
		unknown_key(l, s->type, k);
	if (!l->inside && is_section(k->name))
		MISPLACED(l, l->at.line, "missing title for section '%s'", k->name);
}

static struct parsed_key *add_key(struct look *l, const struct word *name)
{
	struct parsed_section *s = here(l);
	struct parsed_key *k = need(l, reallocarray(s->keys, s->nkeys + 1, sizeof(*k)));
	if (!k)
		return NULL;
	s->keys = k;
	k += s->nkeys++;
	*k = (struct parsed_key){.name = copy(l, name), .line = name->line};
	if (!l->unknown && k->name)
		check_key(l, s, k);
	return k;
}

static void add_value(struct look *l, struct parsed_key *key)
{
	if (l->value && !strlist_add(&key->values, l->value))
		l->m->no_memory = true;
}

/* After "{".  A missing or extra comma is a mistake, after which the list continues. */
static bool list(struct look *l, struct parsed_key *key)
{
	bool after_value = false;
	for (next(l); l->token != '}'; next(l)) {
		if (l->token != (after_value ? ',' : T_WORD))
			(void)unexpected(l);
		if (l->token == T_END || l->token == '{' || l->token == '=')
			return false;
		after_value = l->token == T_WORD;
		if (after_value)
			add_value(l, key);
	}
	return true;
}

/* At "=". */
static bool key(struct look *l, const struct word *name)
{
	struct parsed_key *k = add_key(l, name);
	if (!k)
		return false;
	next(l);
	if (l->token == T_WORD)
		add_value(l, k);
	else if (l->token != '{')
		return unexpected(l);
	else if (!list(l, k))
		return false;
	next(l);
	return true;
}

/* ---- sections ---- */

static void check_section(struct look *l, const struct parsed_section *s)
{
	const struct parsed_section *first = &l->parsed->sections[1];
	while (strcmp(first->type, s->type) != 0 || strcmp(first->title, s->title) != 0)
		first++;
	if (first != s)
		mistake(l->m, s->line, "%s '%s' is given twice (first in line %u)", s->type,
		        s->title, first->line);
	l->unknown = !is_section(s->type);
	const char *nearest = option_nearest_section(s->type);
	if (l->unknown)
		mistake(l->m, s->line, "unknown section '%s'%s%s%s", s->type,
		        NEAREST_HINT(nearest));
}

static struct parsed_section *add_section(struct look *l, const struct word *type,
                                          const struct word *title)
{
	struct parsed *p = l->parsed;
	struct parsed_section *s = need(l, reallocarray(p->sections, p->nsections + 1, sizeof(*s)));
	if (!s)
		return NULL;
	p->sections = s;
	s += p->nsections++;
	*s = (struct parsed_section){
	        .type = copy(l, type), .title = copy(l, title), .line = title->line};
	return s->type && s->title ? s : NULL;
}

static bool statements(struct look *l);

/* At "{". */
static bool section(struct look *l, const struct word *type, const struct word *title)
{
	const struct word none = {"", 0, type->line};
	struct parsed_section *s = add_section(l, type, title ? title : &none);
	if (!s)
		return false;
	check_section(l, s);
	if (!title)
		MISPLACED(l, l->at.line, "missing title for section '%s'", s->type);
	l->inside = true;
	next(l);
	if (!statements(l))
		return false;
	if (l->token == '{')
		BROKEN(l, l->at.line, "a section inside a section (is a '}' missing above?)");
	else if (l->token == T_END)
		BROKEN(l, s->line, "the section that begins here has no closing brace");
	else if (l->token != '}')
		(void)unexpected(l);
	if (l->token != '}')
		return false;
	l->inside = l->unknown = false;
	next(l);
	return true;
}

/* ---- the file ---- */

/* A word that begins nothing; it is followed by second, or by the current token if that is NULL. */
static void stray(struct look *l, const struct word *first, const struct word *second)
{
	unsigned line = second ? second->line : l->at.line;
	scope_free char *name = copy(l, first);
	if (!name || (l->inside && (l->token == '{' || l->token == T_END)))
		return; /* a brace is missing: that message helps more */
	if (!l->inside && is_section(name))
		MISPLACED(l, line, "missing %s for section '%s'",
		          second ? "opening brace" : "title", name);
	else if (option_named(here(l)->type, name))
		MISPLACED(l, line, "missing equal sign after option '%s'", name);
	else
		MISPLACED(l, first->line, "no such option '%s'", name);
}

/* At a word.  Returns false when the text after it cannot be parsed. */
static bool statement(struct look *l)
{
	struct word words[2] = {l->at}, last = l->at;
	size_t n = 0;
	for (; l->token == T_WORD; next(l)) {
		last = l->at;
		if (n < 2)
			words[n] = last;
		n++;
	}
	bool opens = l->token == '{' && !l->inside;
	if (opens && n <= 2)
		return section(l, &words[0], n == 2 ? &last : NULL);
	if (l->token != '=' || n > 1)
		stray(l, &words[0], n > 1 ? &words[1] : NULL);
	return l->token == '=' ? key(l, &last) : !opens;
}

static bool statements(struct look *l)
{
	while (l->token == T_WORD && !l->m->no_memory)
		if (!statement(l))
			return false;
	return !l->m->no_memory;
}

void parsed_read(struct parsed *ret, const char *text, struct mistakes *m)
{
	static const struct word top = {"", 0, 1};
	*ret = (struct parsed){0};
	struct look l = {.parsed = ret, .m = m, .p = text, .line = 1};
	if (!add_section(&l, &top, &top))
		return;
	next(&l);
	bool whole = statements(&l) && l.token == T_END;
	if (l.token == '}')
		MISPLACED(&l, l.at.line, "unexpected closing brace");
	else if (!whole)
		(void)unexpected(&l);
	ret->broken |= !whole; /* not reported if it is in an unknown section */
	free(l.value);
}

const struct parsed_section *parsed_section(const struct parsed *p, const char *type,
                                            const char *title)
{
	for (size_t i = p->nsections; i-- > 0;)
		if (strcmp(p->sections[i].type, type) == 0 &&
		    strcmp(p->sections[i].title, title) == 0)
			return &p->sections[i];
	return NULL;
}

const struct parsed_key *parsed_key(const struct parsed_section *s, const char *name)
{
	for (size_t i = s->nkeys; i-- > 0;)
		if (strcmp(s->keys[i].name, name) == 0)
			return &s->keys[i];
	return NULL;
}

unsigned parsed_line(const struct parsed_section *s, const char *name)
{
	const struct parsed_key *k = parsed_key(s, name);
	return k ? k->line : s->line;
}

void parsed_clear(struct parsed *p)
{
	for (size_t i = 0; i < p->nsections; i++) {
		struct parsed_section *s = &p->sections[i];
		for (size_t k = 0; k < s->nkeys; k++) {
			free(s->keys[k].name);
			strlist_clear(&s->keys[k].values);
		}
		free(s->keys);
		free(s->type);
		free(s->title);
	}
	free(p->sections);
	*p = (struct parsed){0};
}
