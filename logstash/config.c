#include "logstash/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/scope.h"

#define TEXT_MAX (1 << 20)
#define ITEMS_MAX 20000
#define DEPTH_MAX 32

enum token { T_END, T_TEXT, T_ARROW, T_OPEN, T_CLOSE, T_LIST, T_LIST_END, T_OTHER };

struct parser {
	struct pipeline *p;
	const char *path;
	const char *at; /* NUL-terminated */
	unsigned line;
	enum token token;
	bool quoted;
	char *text; /* of a T_TEXT; owned */
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
static char *with_defaults(const char *text)
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
	        .name = strdup(r->name),
	        .key = key ? strdup(key) : NULL,
	        .sub = strdup(sub),
	        .value = with_defaults(value),
	};
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
	return rc < 0 || quoted || r->token != T_OPEN ? rc : take_block(r, NULL, 0);
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
			rc = take_value(r, key);
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
	return rc == 0 ? next(r) : rc;
}

static int take_body(struct parser *r, unsigned depth);

static int take_plugin(struct parser *r, unsigned depth)
{
	bool condition = strcmp(r->text, "if") == 0 || strcmp(r->text, "else") == 0;
	if (condition) {
		r->p->conditions[r->section] = true;
		int rc = skip_condition(r);
		return rc == 0 ? take_body(r, depth + 1) : rc;
	}
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
	r->plugin++;
	return rc;
}

/* Plugins and conditions up to the closing bracket. */
static int take_body(struct parser *r, unsigned depth)
{
	int rc = 0;
	if (depth > DEPTH_MAX)
		return wrong(r, "conditions are nested too deeply");
	while (rc == 0 && r->token != T_CLOSE) {
		if (r->token != T_TEXT)
			return wrong(r, "the name of a plugin or '}' is missing");
		rc = take_plugin(r, depth);
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

/* Outside the sections any text may occur, because it is not Logstash's. */
static int parse(struct parser *r, unsigned *ret_sections)
{
	bool word = false;
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
			r->line += *r->at == '\n';
			word = word_length(r->at) > 0;
			r->at++;
		}
	}
	return 0;
}

static int read_text(const char *path, char **ret, struct err *err)
{
	scope_free char *text = NULL;
	size_t len;
	scope_close int fd = file_open_stream(path);
	if (fd < 0)
		return err_set(err, fd, "open \"%s\": %s", path, file_error(fd));
	int rc = file_read_fd(fd, TEXT_MAX, &text, &len);
	if (rc > 0)
		rc = -E2BIG;
	if (rc == 0 && memchr(text, '\0', len))
		rc = -EILSEQ;
	if (rc < 0)
		return err_set(err, rc, "read \"%s\": %s", path, strerror(-rc));
	*ret = STEAL(text);
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

int pipeline_load(struct pipeline *p, const char *path, struct err *err)
{
	scope_free char *text = NULL;
	*p = (struct pipeline){0};
	int rc = read_text(path, &text, err);
	return rc == 0 ? pipeline_parse(p, path, text, err) : rc;
}

void pipeline_free(struct pipeline *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free((char *)p->items[i].name);
		free((char *)p->items[i].key);
		free((char *)p->items[i].sub);
		free((char *)p->items[i].value);
	}
	free(p->items);
	*p = (struct pipeline){0};
}

const char *pipeline_value(const struct pipeline *p, unsigned plugin, const char *key,
                           const char *fallback)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct pipeline_item *item = &p->items[i];
		if (item->plugin == plugin && item->key && strcmp(item->key, key) == 0)
			return item->value;
	}
	return fallback;
}
