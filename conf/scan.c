#include "conf/scan.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "conf/options.h"

enum token { T_END, T_WORD, T_OPEN, T_CLOSE, T_EQUALS, T_OTHER, T_BROKEN };

struct look {
	struct scan *scan;
	struct mistakes *m;
	char *p;       /* next byte */
	unsigned line; /* of p */

	/* the token last read */
	enum token token;
	char *start;
	size_t len; /* of a string without its quotes: text is then start + 1 */
	bool quoted;
	unsigned token_line;

	/* the words since the last complete statement; the last two are kept */
	char *word_start;
	char *words[2];
	unsigned word_line;
	size_t nwords;

	size_t section; /* the one we are in; 0 = top level */
	char *unknown;  /* where the unknown section we are in starts, or NULL */
};

/* Tell what libconfuse would misread. */
#define UNFIT(l, at, ...)                                                                          \
	do {                                                                                       \
		mistake((l)->m, at, __VA_ARGS__);                                                  \
		(l)->scan->unfit = true;                                                           \
	} while (0)

static void blank(char *from, const char *to)
{
	for (char *p = from; p < to; p++)
		if (*p != '\n')
			*p = ' ';
}

static void pass(struct look *l, char *to)
{
	for (; l->p < to; l->p++)
		l->line += *l->p == '\n';
}

/*
 * ${NAME} or ${NAME:-default}, at p in a double-quoted string.  libconfuse looks for the closing
 * brace past the end of the string, and takes an unset variable for an empty one.
 * Returns the first byte after it.
 */
static char *variable(struct look *l, char *p)
{
	size_t n = strcspn(p, "}\"\n");
	if (p[n] != '}') {
		UNFIT(l, l->line, "'${' without '}' (for the two characters themselves: \\${)");
		return p + 2;
	}
	scope_free char *name = strndup(p + 2, n - 2);
	if (!name) {
		l->m->no_memory = true;
		return p + n + 1;
	}
	char *fallback = strstr(name, ":-");
	if (fallback)
		*fallback = '\0';
	if (!getenv(name) && !fallback)
		mistake(l->m, l->line, "environment variable '%s' is not set%s", name,
		        strcmp(name, "CREDENTIALS_DIRECTORY") == 0
		                ? " (systemd sets it for a service that has credentials)"
		                : " (for the characters themselves: \\${)");
	return p + n + 1;
}

/* \DDD: a bad one leaves libconfuse's lexer inside the string, and 0 cuts the value. */
static void check_octal(struct look *l, const char *digits, size_t n)
{
	unsigned value = 0;
	for (size_t i = 0; i < n && value <= 0xff; i++)
		value = digits[i] < '8' ? value * 8 + (unsigned)(digits[i] - '0') : 0x100;
	if (n > 3 || value > 0xff)
		UNFIT(l, l->line, "bad escape '\\%.*s' in a string", (int)n, digits);
	else if (value == 0)
		UNFIT(l, l->line, "a NUL byte in a string");
}

/* A backslash at p in a double-quoted string.  Returns the first byte after what it escapes. */
static char *escape(struct look *l, char *p)
{
	size_t digits = strspn(p + 1, "0123456789");
	if (digits > 0) {
		check_octal(l, p + 1, digits);
		return p + 1 + digits;
	}
	l->line += p[1] == '\n';
	if (p[1] == 'x' && p[2] == '0' && (p[3] == '0' || !isxdigit((unsigned char)p[3])))
		UNFIT(l, l->line, "a NUL byte in a string");
	return p[1] ? p + 2 : p + 1;
}

static void string(struct look *l)
{
	char quote = *l->p;
	char *p = l->p + 1;
	while (*p && *p != quote) {
		l->line += *p == '\n';
		if (*p == '\\' && quote == '"')
			p = escape(l, p);
		else if (*p == '\\' && p[1] && p[1] != '\n')
			p += 2;
		else if (*p == '$' && p[1] == '{' && quote == '"')
			p = variable(l, p);
		else
			p++;
	}
	l->len = (size_t)(p - l->start) - 1;
	l->token = T_WORD;
	l->quoted = true;
	if (*p == quote) {
		l->p = p + 1;
		return;
	}
	UNFIT(l, l->token_line, "the string that begins here has no closing quote");
	l->token = T_BROKEN;
}

/* A comment at p: blanked, because libconfuse counts its line two or three times. */
static void comment(struct look *l)
{
	char *start = l->p;
	unsigned line = l->line;
	char *end = start + strcspn(start, "\n");
	if (start[0] == '/' && start[1] == '*') {
		end = strstr(start + 2, "*/");
		if (!end)
			UNFIT(l, line, "the comment that begins here has no end");
		end = end ? end + 2 : start + strlen(start);
	}
	pass(l, end);
	blank(start, end);
}

static bool at_comment(const char *p)
{
	return *p == '#' || (*p == '/' && (p[1] == '/' || p[1] == '*'));
}

static void skip_blanks(struct look *l)
{
	while (*l->p) {
		if (at_comment(l->p))
			comment(l);
		else if (strchr(" \t\r\n", *l->p))
			pass(l, l->p + 1);
		else
			return;
	}
}

/* One character that is a token by itself, or that libconfuse would drop without a word. */
static void symbol(struct look *l)
{
	static const char symbols[] = "{}=";
	static const enum token tokens[] = {T_OPEN, T_CLOSE, T_EQUALS};
	const char *s = strchr(symbols, *l->p);
	l->token = s ? tokens[s - symbols] : T_OTHER;
	if (l->p[0] == '+' && l->p[1] == '=')
		UNFIT(l, l->line, "'+=' is not known here: give the whole list with '='");
	else if (*l->p == '+' || *l->p == '*')
		UNFIT(l, l->line, "'%c' outside quotes (put the value in quotes)", *l->p);
	l->p++;
}

static void next(struct look *l)
{
	skip_blanks(l);
	l->start = l->p;
	l->token_line = l->line;
	l->quoted = false;
	l->len = strcspn(l->p, " #\"'\t\n\r={}()+,*");
	if (*l->p == '\0') {
		l->token = T_END;
	} else if (*l->p == '"' || *l->p == '\'') {
		string(l);
	} else if (l->len == 0) {
		symbol(l);
	} else {
		l->token = T_WORD;
		l->p += l->len;
		if (l->start[l->len - 1] != '$' || *l->p != '{')
			return;
		UNFIT(l, l->line, "'${' outside quotes (put the value in quotes)");
		l->p += strcspn(l->p, "}\n");
		l->p += *l->p == '}';
	}
}

static char *token_text(const struct look *l)
{
	return strndup(l->quoted ? l->start + 1 : l->start, l->len);
}

static void forget_words(struct look *l)
{
	for (size_t i = 0; i < 2; i++) {
		free(l->words[i]);
		l->words[i] = NULL;
	}
	l->nwords = 0;
}

/* Keep the last two words: of "KEY =" the last is the key; of "TYPE TITLE {" both count. */
static bool keep_word(struct look *l)
{
	free(l->words[0]);
	l->words[0] = l->words[1];
	l->words[1] = token_text(l);
	if (l->nwords == 0)
		l->word_start = l->start;
	l->word_line = l->token_line;
	l->nwords++;
	return l->words[1] != NULL;
}

static bool add_section(struct scan *scan, char *type, char *title, unsigned line)
{
	struct scan_section *v = reallocarray(scan->sections, scan->nsections + 1, sizeof(*v));
	if (!v)
		return false;
	scan->sections = v;
	v[scan->nsections] = (struct scan_section){type, title, line};
	scan->nsections++;
	return true;
}

static bool add_key(struct scan *scan, size_t section, char *name, unsigned line)
{
	struct scan_key *v = reallocarray(scan->keys, scan->nkeys + 1, sizeof(*v));
	if (!v)
		return false;
	scan->keys = v;
	v[scan->nkeys] = (struct scan_key){section, name, line};
	scan->nkeys++;
	return true;
}

/* Where a key that is unknown here would be at home, or NULL. */
static const char *home_of(const char *key)
{
	if (option_named("", key))
		return "at the top level";
	if (option_named("source", key))
		return "in a source";
	return option_named("endpoint", key) ? "in an endpoint" : NULL;
}

static void unknown_key(struct look *l, const char *type, const char *name, unsigned line)
{
	const char *home = home_of(name);
	const char *nearest = option_nearest(type, name);
	/* libconfuse takes such a name for a path through sections. */
	if (strpbrk(name, "|=") || !*name)
		l->scan->unfit = true;
	if (home)
		mistake(l->m, line, "key '%s' is in the wrong place (it belongs %s)", name, home);
	else if (nearest)
		mistake(l->m, line, "unknown key '%s' (did you mean '%s'?)", name, nearest);
	else
		mistake(l->m, line, "unknown key '%s'", name);
}

static void check_key(struct look *l, const char *name, unsigned line)
{
	const struct scan *scan = l->scan;
	const char *type = scan->sections[l->section].type;
	for (size_t i = 0; i < scan->nkeys; i++) {
		const struct scan_key *k = &scan->keys[i];
		if (k->section != l->section || strcmp(k->name, name) != 0)
			continue;
		mistake(l->m, line, "'%s' is given twice (first in line %u)", name, k->line);
		return;
	}
	if (!option_named(type, name))
		unknown_key(l, type, name, line);
}

/* After "KEY =": pass over the value.  Returns false where libconfuse will see a syntax error. */
static bool pass_value(struct look *l)
{
	next(l);
	if (l->token == T_WORD)
		return true;
	if (l->token != T_OPEN)
		return false;
	for (;;) {
		next(l);
		if (l->token == T_CLOSE)
			return true;
		if (l->token != T_WORD && l->token != T_OTHER)
			return false;
	}
}

static int key(struct look *l)
{
	if (l->nwords == 0)
		return 0;
	if (!l->unknown)
		check_key(l, l->words[1], l->word_line);
	if (!add_key(l->scan, l->section, l->words[1], l->word_line))
		return -ENOMEM;
	l->words[1] = NULL;
	forget_words(l);
	return pass_value(l) ? 1 : 0;
}

static void check_section(struct look *l, const char *type, const char *title)
{
	for (size_t i = 1; i < l->scan->nsections; i++) {
		const struct scan_section *s = &l->scan->sections[i];
		if (strcmp(s->type, type) == 0 && strcmp(s->title, title) == 0)
			mistake(l->m, l->word_line, "%s '%s' is given twice (first in line %u)",
			        type, title, s->line);
	}
	if (strcmp(type, "source") == 0 || strcmp(type, "endpoint") == 0)
		return;
	const char *nearest = option_nearest_section(type);
	l->unknown = l->word_start;
	mistake(l->m, l->word_line, "unknown section '%s'%s%s%s", type,
	        nearest ? " (did you mean '" : "", nearest ? nearest : "", nearest ? "'?)" : "");
}

static int open_section(struct look *l)
{
	if (l->section != 0)
		UNFIT(l, l->token_line, "a section inside a section (is a '}' missing above?)");
	if (l->section != 0 || l->nwords == 0 || l->nwords > 2)
		return 0;
	bool titled = l->nwords == 2;
	scope_free char *type = STEAL(l->words[titled ? 0 : 1]);
	scope_free char *title = titled ? STEAL(l->words[1]) : strdup("");
	if (!type || !title)
		return -ENOMEM;
	check_section(l, type, title);
	if (!add_section(l->scan, type, title, l->word_line))
		return -ENOMEM;
	(void)STEAL(type);
	(void)STEAL(title);
	forget_words(l);
	l->section = l->scan->nsections - 1;
	return 1;
}

static int close_section(struct look *l)
{
	if (l->section == 0 || l->nwords > 0)
		return 0;
	if (l->unknown)
		blank(l->unknown, l->p);
	l->unknown = NULL;
	l->section = 0;
	return 1;
}

/* Take in one token.  Returns 1 to go on, 0 at the end or at a syntax error, or -ENOMEM. */
static int step(struct look *l)
{
	next(l);
	switch (l->token) {
	case T_WORD:
		return keep_word(l) ? 1 : -ENOMEM;
	case T_EQUALS:
		return key(l);
	case T_OPEN:
		return open_section(l);
	case T_CLOSE:
		return close_section(l);
	case T_END:
		if (l->section != 0)
			UNFIT(l, l->scan->sections[l->section].line,
			      "the section that begins here has no closing brace");
		return 0;
	case T_OTHER:
	case T_BROKEN:
		break;
	}
	return 0;
}

int scan_text(struct scan *ret, char *text, struct mistakes *m)
{
	*ret = (struct scan){0};
	struct look l = {.scan = ret, .m = m, .p = text, .line = 1};
	scope_free char *type = strdup("");
	scope_free char *title = strdup("");
	if (!type || !title || !add_section(ret, type, title, 1))
		return -ENOMEM;
	(void)STEAL(type);
	(void)STEAL(title);
	int r;
	do {
		r = step(&l);
	} while (r > 0);
	forget_words(&l);
	if (l.token != T_END)
		ret->stopped = l.line;
	return r;
}

static const struct scan_key *find(const struct scan *scan, size_t section, const char *key)
{
	for (size_t i = 0; i < scan->nkeys; i++)
		if (scan->keys[i].section == section && strcmp(scan->keys[i].name, key) == 0)
			return &scan->keys[i];
	return NULL;
}

/* Of two sections of the same name the last counts, as with libconfuse. */
static const struct scan_section *section_of(const struct scan *scan, const char *type,
                                             const char *title)
{
	for (size_t i = scan->nsections; i-- > 0;)
		if (strcmp(scan->sections[i].type, type) == 0 &&
		    strcmp(scan->sections[i].title, title) == 0)
			return &scan->sections[i];
	return NULL;
}

unsigned scan_line(const struct scan *scan, const char *type, const char *title, const char *key)
{
	const struct scan_section *s = section_of(scan, type, title);
	if (!s)
		return 1;
	const struct scan_key *k = find(scan, (size_t)(s - scan->sections), key);
	return k ? k->line : s->line;
}

bool scan_has(const struct scan *scan, const char *type, const char *title, const char *key)
{
	const struct scan_section *s = section_of(scan, type, title);
	return s && find(scan, (size_t)(s - scan->sections), key);
}

void scan_clear(struct scan *scan)
{
	for (size_t i = 0; i < scan->nsections; i++) {
		free(scan->sections[i].type);
		free(scan->sections[i].title);
	}
	for (size_t i = 0; i < scan->nkeys; i++)
		free(scan->keys[i].name);
	free(scan->sections);
	free(scan->keys);
	*scan = (struct scan){0};
}
