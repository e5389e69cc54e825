#include "logstash/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"

#define ITEMS_MAX 20000
#define BRANCHES_MAX 1000
#define DEPTH_MAX 32

enum token { T_END, T_TEXT, T_ARROW, T_OPEN, T_CLOSE, T_LIST, T_LIST_END, T_OTHER };

struct parser {
	struct pipeline *p;
	const char *path;
	const char *at; /* NUL-terminated */
	unsigned line;
	enum token token;
	bool quoted;
	char *text;         /* of a T_TEXT; owned */
	const char *opened; /* the bracket of the last condition's body */
	enum pipeline_section section;
	unsigned plugin;
	const char *name; /* of the plugin; in an item */
	struct err *err;
};

static int wrong(struct parser *r, const char *what)
{
	return err_set(r->err, -EINVAL, "\"%s\":%u: %s", r->path, r->line, what);
}

static int no_memory(struct parser *r)
{
	return err_set(r->err, -ENOMEM, "read \"%s\": out of memory", r->path);
}

/* ---- tokens ---- */

static void skip_blanks(struct parser *r)
{
	for (;; r->at++) {
		if (*r->at == '\n')
			r->line++;
		if (*r->at == '#')
			r->at += strcspn(r->at, "\n") - 1;
		else if (!*r->at || !strchr(" \t\r\n,", *r->at))
			return;
	}
}

static int keep_text(struct parser *r, const char *text, size_t len)
{
	free(r->text);
	r->text = strndup(text, len);
	r->token = T_TEXT;
	return r->text ? 0 : no_memory(r);
}

/* A quoted text.  The only escape is that of the quote itself. */
static int take_quoted(struct parser *r)
{
	char quote = *r->at++;
	const char *start = r->at;
	unsigned line = r->line;
	while (*r->at && *r->at != quote) {
		r->line += *r->at == '\n';
		r->at += r->at[0] == '\\' && r->at[1] == quote ? 2 : 1;
	}
	if (!*r->at) {
		r->line = line;
		return wrong(r, "a quote is not closed");
	}
	int rc = keep_text(r, start, (size_t)(r->at++ - start));
	char *to = r->text;
	for (const char *from = r->text; rc == 0 && *from; from++) {
		from += from[0] == '\\' && from[1] == quote;
		*to++ = *from;
	}
	if (rc == 0)
		*to = '\0';
	r->quoted = true;
	return rc;
}

/* The length of a name, a number, or a path without quotes. */
static size_t word_length(const char *text)
{
	return strspn(text,
	              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.@:$%*");
}

static int next(struct parser *r)
{
	static const char single[] = "{}[]";
	static const enum token tokens[] = {T_OPEN, T_CLOSE, T_LIST, T_LIST_END};
	skip_blanks(r);
	r->quoted = false;
	if (!*r->at) {
		r->token = T_END;
		return 0;
	}
	if (*r->at == '"' || *r->at == '\'')
		return take_quoted(r);
	const char *found = strchr(single, *r->at);
	size_t len = word_length(r->at);
	if (found) {
		r->token = tokens[found - single];
		r->at++;
	} else if (strncmp(r->at, "=>", 2) == 0) {
		r->token = T_ARROW;
		r->at += 2;
	} else if (len > 0) {
		r->at += len;
		return keep_text(r, r->at - len, len);
	} else {
		r->token = T_OTHER;
		r->at++;
	}
	return 0;
}

/* ---- items ---- */

/* Copies text with ${NAME:default} replaced by the default, and ${NAME} unchanged. */
static char *with_defaults(const char *text, bool *ret_filled)
{
	char *copy = malloc(strlen(text) + 1);
	char *to = copy;
	while (copy && *text) {
		const char *end = text[0] == '$' && text[1] == '{' ? strchr(text, '}') : NULL;
		const char *colon = end ? memchr(text, ':', (size_t)(end - text)) : NULL;
		if (colon) {
			memcpy(to, colon + 1, (size_t)(end - colon - 1));
			to += end - colon - 1;
			text = end + 1;
			*ret_filled = true;
		} else {
			*to++ = *text++;
		}
	}
	if (copy)
		*to = '\0';
	return copy;
}

static int grow(struct parser *r)
{
	struct pipeline *p = r->p;
	if (p->n < p->room)
		return 0;
	size_t room = p->room ? 2 * p->room : 64;
	if (room > ITEMS_MAX)
		return err_set(r->err, -E2BIG, "\"%s\" is too large for a pipeline", r->path);
	struct pipeline_item *items = realloc(p->items, room * sizeof(*items));
	if (!items)
		return no_memory(r);
	p->items = items;
	p->room = room;
	return 0;
}

/* key is NULL for the plugin itself. */
static int add(struct parser *r, const char *key, const char *sub, const char *value)
{
	int rc = grow(r);
	if (rc < 0)
		return rc;
	struct pipeline_item *item = &r->p->items[r->p->n];
	*item = (struct pipeline_item){
	        .section = r->section,
	        .plugin = r->plugin,
	        .line = r->line,
	        .name = strdup(r->name),
	        .key = key ? strdup(key) : NULL,
	        .sub = strdup(sub),
	};
	item->value = with_defaults(value, &item->filled);
	r->p->n++; /* counted at once, for pipeline_free() */
	return item->name && item->sub && item->value && (item->key || !key) ? 0 : no_memory(r);
}

/* ---- grammar; each starts at its first token, and ends at the token after it ---- */

/*
 * Takes a bracket up to the one that closes it; those in between must match, too.  Texts are values
 * of key, unless it is NULL.
 */
static int take_block(struct parser *r, const char *key, unsigned depth)
{
	const enum token close = r->token == T_LIST ? T_LIST_END : T_CLOSE;
	if (depth > DEPTH_MAX)
		return wrong(r, "brackets are nested too deeply");
	int rc = next(r);
	while (rc == 0 && r->token != close) {
		if (r->token == T_END || r->token == T_CLOSE || r->token == T_LIST_END)
			return wrong(r, close == T_CLOSE ? "'}' is missing" : "']' is missing");
		if (r->token == T_OPEN || r->token == T_LIST) {
			rc = take_block(r, key, depth + 1);
			continue;
		}
		if (r->token == T_TEXT && key)
			rc = add(r, key, "", r->text);
		if (rc == 0)
			rc = next(r);
	}
	return rc == 0 ? next(r) : rc;
}

/* Skips what is not the name of a setting or of a value in a hash. */
static int skip_other(struct parser *r)
{
	if (r->token == T_END || r->token == T_LIST_END)
		return wrong(r, "'}' is missing");
	return r->token == T_OPEN || r->token == T_LIST ? take_block(r, NULL, 0) : next(r);
}

static int take_hash(struct parser *r, const char *key)
{
	int rc = next(r);
	while (rc == 0 && r->token != T_CLOSE) {
		scope_free char *sub = NULL;
		if (r->token == T_TEXT)
			sub = STEAL(r->text);
		rc = skip_other(r);
		if (rc < 0 || !sub || r->token != T_ARROW)
			continue;
		rc = next(r);
		if (rc == 0 && r->token == T_TEXT) {
			rc = add(r, key, sub, r->text);
			if (rc == 0)
				rc = next(r);
		} else if (rc == 0 && (r->token == T_LIST || r->token == T_OPEN)) {
			rc = add(r, key, sub, "");
			if (rc == 0)
				rc = take_block(r, r->token == T_LIST ? key : NULL, 0);
		}
	}
	return rc == 0 ? next(r) : rc;
}

/* A value: a text, a list, a hash, or a codec with its own settings. */
static int take_value(struct parser *r, const char *key)
{
	if (r->token == T_LIST)
		return take_block(r, key, 0);
	if (r->token == T_OPEN)
		return take_hash(r, key);
	if (r->token != T_TEXT)
		return wrong(r, "a value is missing after '=>'");
	bool quoted = r->quoted;
	int rc = add(r, key, "", r->text);
	if (rc == 0)
		rc = next(r);
	return rc < 0 || quoted || r->token != T_OPEN ? rc : take_hash(r, key);
}

/* A setting without a value has an item, too. */
static int take_setting(struct parser *r, const char *key)
{
	size_t n = r->p->n;
	int rc = take_value(r, key);
	return rc == 0 && r->p->n == n ? add(r, key, "", "") : rc;
}

static int take_settings(struct parser *r)
{
	int rc = 0;
	while (rc == 0 && r->token != T_CLOSE) {
		scope_free char *key = NULL;
		if (r->token == T_TEXT)
			key = STEAL(r->text);
		rc = skip_other(r);
		if (rc < 0 || !key || r->token != T_ARROW)
			continue;
		rc = next(r);
		if (rc == 0)
			rc = take_setting(r, key);
	}
	return rc == 0 ? next(r) : rc;
}

/* Skips to the bracket that opens the condition's body.  A regular expression may have brackets. */
static int skip_condition(struct parser *r)
{
	int rc = 0;
	while (rc == 0 && r->token != T_OPEN) {
		if (r->token == T_END || r->token == T_CLOSE || r->token == T_LIST_END)
			return wrong(r, "'{' is missing after 'if' or 'else'");
		if (r->token == T_LIST) { /* [field] */
			rc = take_block(r, NULL, 0);
			continue;
		}
		bool tilde = r->token == T_OTHER && r->at[-1] == '~';
		skip_blanks(r);
		if (tilde && *r->at == '/') {
			for (r->at++; *r->at && *r->at != '/' && *r->at != '\n'; r->at++)
				r->at += r->at[0] == '\\' && r->at[1] && r->at[1] != '\n';
			r->at += *r->at == '/';
		}
		rc = next(r);
	}
	r->opened = r->at - 1;
	return rc == 0 ? next(r) : rc;
}

static int take_body(struct parser *r, unsigned depth);

static void trim_start(const char **text, size_t *len)
{
	size_t n = strspn(*text, " \t\r\n");
	n = n < *len ? n : *len;
	*text += n;
	*len -= n;
}

/* Adds a branch with the text between its word and its bracket: "if [a] {" or "[a] {". */
static int add_branch(struct parser *r, unsigned line, const char *text, size_t len, size_t before)
{
	struct pipeline *p = r->p;
	struct pipeline_branch *all = NULL;
	if (p->nbranches == BRANCHES_MAX)
		return err_set(r->err, -E2BIG, "\"%s\" is too large for a pipeline", r->path);
	trim_start(&text, &len);
	if (len >= 2 && before != PIPELINE_NONE && strncmp(text, "if", 2) == 0) { /* else if */
		text += 2;
		len -= 2;
		trim_start(&text, &len);
	}
	while (len > 0 && strchr(" \t\r\n", text[len - 1]))
		len--;
	all = realloc(p->branches, (p->nbranches + 1) * sizeof(*all));
	if (!all)
		return no_memory(r);
	p->branches = all;
	all[p->nbranches] = (struct pipeline_branch){.section = r->section,
	                                             .line = line,
	                                             .condition = strndup(text, len),
	                                             .before = before,
	                                             .first = r->plugin};
	return all[p->nbranches++].condition ? 0 : no_memory(r);
}

/* One branch; *last is the one before it in the same body. */
static int take_branch(struct parser *r, unsigned depth, size_t *last)
{
	size_t before = strcmp(r->text, "else") == 0 ? *last : PIPELINE_NONE;
	const char *start = r->at;
	unsigned line = r->line;
	int rc = skip_condition(r);
	if (rc < 0)
		return rc;
	*last = r->p->nbranches;
	rc = add_branch(r, line, start, (size_t)(r->opened - start), before);
	if (rc == 0)
		rc = take_body(r, depth + 1);
	if (rc == 0)
		r->p->branches[*last].end = r->plugin;
	return rc;
}

static int take_plugin(struct parser *r)
{
	scope_free char *name = STEAL(r->text);
	int rc = next(r);
	if (rc < 0 || r->token != T_OPEN)
		return rc < 0 ? rc : wrong(r, "'{' is missing after a plugin's name");
	r->name = name;
	rc = add(r, NULL, "", "");
	if (rc == 0)
		rc = next(r);
	if (rc == 0)
		rc = take_settings(r);
	r->p->nplugins = ++r->plugin;
	return rc;
}

/* Plugins and conditions up to the closing bracket. */
static int take_body(struct parser *r, unsigned depth)
{
	int rc = 0;
	size_t last = PIPELINE_NONE;
	if (depth > DEPTH_MAX)
		return wrong(r, "conditions are nested too deeply");
	while (rc == 0 && r->token != T_CLOSE) {
		if (r->token != T_TEXT)
			return wrong(r, "the name of a plugin or '}' is missing");
		bool branch = strcmp(r->text, "if") == 0 || strcmp(r->text, "else") == 0;
		rc = branch ? take_branch(r, depth, &last) : take_plugin(r);
	}
	/* The text after a section may be anything. */
	return rc == 0 && depth > 0 ? next(r) : rc;
}

/* True if r->at is at "input {", "filter {" or "output {", which is then consumed. */
static bool at_section(struct parser *r)
{
	static const char *const names[] = {"input", "filter", "output"};
	for (unsigned i = 0; i < 3; i++) {
		size_t len = strlen(names[i]);
		if (strncmp(r->at, names[i], len) != 0)
			continue;
		const char *open = r->at + len + strspn(r->at + len, " \t\r\n");
		if (*open != '{')
			continue;
		for (; r->at < open; r->at++)
			r->line += *r->at == '\n';
		r->at = open + 1;
		r->section = (enum pipeline_section)i;
		return true;
	}
	return false;
}

/* Counts a line that has something other than a comment and the marks of a byte order. */
static void count_outside(struct parser *r, unsigned *last)
{
	struct pipeline *p = r->p;
	if (r->line == *last || (unsigned char)*r->at <= ' ' || strchr("\xef\xbb\xbf", *r->at))
		return;
	*last = r->line;
	if (p->outside++ == 0)
		p->outside_line = r->line;
}

/* Outside the sections any text may occur, because it is not Logstash's. */
static int parse(struct parser *r, unsigned *ret_sections)
{
	bool word = false;
	unsigned last = 0;
	while (*r->at) {
		if (*r->at == '#') {
			r->at += strcspn(r->at, "\n");
		} else if (!word && at_section(r)) {
			(*ret_sections)++;
			int rc = next(r);
			if (rc == 0)
				rc = take_body(r, 0);
			if (rc < 0)
				return rc;
			word = false;
		} else {
			count_outside(r, &last);
			r->line += *r->at == '\n';
			word = word_length(r->at) > 0;
			r->at++;
		}
	}
	return 0;
}

int pipeline_parse(struct pipeline *p, const char *path, const char *text, struct err *err)
{
	struct parser r = {.p = p, .path = path, .at = text, .line = 1, .err = err};
	unsigned sections = 0;
	*p = (struct pipeline){0};
	int rc = parse(&r, &sections);
	free(r.text);
	if (rc == 0 && sections == 0 && strstr(text, "path.config"))
		return err_set(err, -EINVAL,
		               "\"%s\" is a list of pipelines: give the file that its path.config "
		               "names",
		               path);
	if (rc == 0 && sections == 0)
		return err_set(err, -EINVAL,
		               "\"%s\" is not a Logstash pipeline: it has no input, filter or "
		               "output",
		               path);
	return rc;
}
