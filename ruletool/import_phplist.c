/*
 * phpList and products based on it (Blink Mailer): a table of regular expressions with actions and
 * an order.
 *
 * phpList ignores case, matches a blank with any run of white space, and puts the pattern between
 * slashes without escaping slashes in it, so that such a pattern never matches there.
 */
#include "ruletool/import_phplist.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "base/utf8.h"

#define CELLS_MAX 16
#define CELL_SIZE 2100 /* phpList's column has 2,083 characters */

struct row {
	char cell[CELLS_MAX][CELL_SIZE];
	bool cut[CELLS_MAX]; /* the cell was longer */
	size_t n;
};

struct entry {
	char *regex, *action;
	long order;
	unsigned line;
};

struct table {
	struct entry *v;
	size_t n;
	size_t regex, action, order; /* columns */
	bool known;                  /* a heading named them */
	struct row row;
};

/* ---- cells ---- */

static void begin_row(struct row *r)
{
	memset(r->cut, 0, sizeof(r->cut));
	r->n = 0;
}

static void put(struct row *r, size_t *len, char c)
{
	if (r->n == CELLS_MAX)
		return;
	if (*len + 1 < CELL_SIZE)
		r->cell[r->n][(*len)++] = c;
	else
		r->cut[r->n] = true;
}

static void end_cell(struct row *r, size_t *len)
{
	if (r->n < CELLS_MAX)
		r->cell[r->n++][*len] = '\0';
	*len = 0;
}

/*
 * Reads one row of CSV or TSV at *at, and moves *at to its line end; line ends in quotes belong to
 * the cell.  Returns false when a quote is not closed: then the row is all the rest.
 */
static bool csv_row(struct row *r, const char **at, char separator, unsigned *lines)
{
	const char *p = *at;
	size_t len = 0;
	bool quoted = false;
	begin_row(r);
	for (; *p && (quoted || *p != '\n'); p++) {
		*lines += *p == '\n';
		if (*p == '"' && quoted && p[1] == '"')
			put(r, &len, *p++);
		else if (*p == '"' && (quoted || len == 0))
			quoted = !quoted;
		else if (*p == separator && !quoted)
			end_cell(r, &len);
		else if (*p != '\r')
			put(r, &len, *p);
	}
	end_cell(r, &len);
	*lines += *p == '\n';
	*at = p;
	return !quoted;
}

/* Reads "1,'User\'s unknown','deleteuser',3)" of an INSERT.  Returns false without its ")". */
static bool sql_row(struct row *r, const char **at)
{
	const char *p = *at;
	size_t len = 0;
	bool quoted = false;
	begin_row(r);
	for (; *p && (quoted || *p != ')'); p++) {
		if (quoted && *p == '\\' && p[1]) {
			p++;
			put(r, &len, *p == 'n' ? '\n' : *p == 't' ? '\t' : *p);
		} else if (quoted && *p == '\'' && p[1] == '\'') {
			put(r, &len, *p++);
		} else if (*p == '\'') {
			quoted = !quoted;
		} else if (*p == ',' && !quoted) {
			end_cell(r, &len);
		} else if (quoted || !isspace((unsigned char)*p)) {
			put(r, &len, *p);
		}
	}
	end_cell(r, &len);
	*at = *p ? p + 1 : p;
	return *p == ')';
}

/* ---- the table ---- */

static int add_entry(struct rules_import *im, struct table *t)
{
	const struct row *r = &t->row;
	if (r->n <= t->regex || r->n <= t->action || !*r->cell[t->regex]) {
		rules_import_lost(im, "not carried over: no regular expression or no action");
		return 0;
	}
	if (r->cut[t->regex]) {
		rules_import_lost(im,
		                  "not carried over: a regular expression of more than %d bytes",
		                  CELL_SIZE - 1);
		return 0;
	}
	struct entry *bigger = realloc(t->v, (t->n + 1) * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	t->v = bigger;
	struct entry e = {.regex = strdup(r->cell[t->regex]),
	                  .action = strdup(r->cell[t->action]),
	                  .order = (long)t->n,
	                  .line = im->line};
	if (r->n > t->order)
		e.order = strtol(r->cell[t->order], NULL, 10);
	t->v[t->n++] = e;
	return e.regex && e.action ? 0 : -ENOMEM;
}

/* Returns true if the row names its columns; then the three columns are recorded. */
static bool take_heading(struct table *t)
{
	size_t regex = CELLS_MAX, action = CELLS_MAX, order = CELLS_MAX;
	for (size_t i = 0; i < t->row.n; i++) {
		const char *name = t->row.cell[i];
		if (strcasecmp(name, "regex") == 0 || strcasecmp(name, "pattern") == 0)
			regex = i;
		else if (strcasecmp(name, "action") == 0)
			action = i;
		else if (strcasecmp(name, "listorder") == 0 || strcasecmp(name, "order") == 0)
			order = i;
	}
	if (regex == CELLS_MAX || action == CELLS_MAX)
		return false;
	t->regex = regex;
	t->action = action;
	t->order = order;
	t->known = true;
	return true;
}

static int read_csv(struct rules_import *im, struct table *t, const char *text)
{
	char separator = strchr(text, '\t') ? '\t' : ',';
	text += utf8_bom(text, strlen(text)); /* spreadsheets write one */
	unsigned line = 1;
	int rc = 0;
	for (; rc == 0 && *text; text += *text == '\n') {
		im->line = line;
		if (*text == '#') { /* a comment; quotes in it do not count */
			text += strcspn(text, "\n");
			line++;
			continue;
		}
		if (!csv_row(&t->row, &text, separator, &line))
			rules_import_lost(im, "not carried over: a quote is not closed");
		else if (t->row.n == 1 && !*t->row.cell[0])
			continue;
		else if (t->known || t->n > 0 || !take_heading(t))
			rc = add_entry(im, t);
	}
	return rc;
}

/* Returns the line number at `at`, from a known place before it. */
static unsigned line_of(const char *known, unsigned line, const char *at)
{
	for (; known < at; known++)
		line += *known == '\n';
	return line;
}

/* Takes the columns that an INSERT names: (`regex`, `action`). */
static void take_names(struct table *t, const char *names)
{
	(void)sql_row(&t->row, &names);
	for (size_t i = 0; i < t->row.n; i++) {
		char *cell = t->row.cell[i];
		size_t len = strlen(cell);
		if (cell[0] != '`')
			continue;
		memmove(cell, cell + 1, len);
		cell[len > 1 ? len - 2 : 0] = '\0';
	}
	(void)take_heading(t);
}

/* Takes the rows after VALUES at *at, and moves *at after them. */
static int take_rows(struct rules_import *im, struct table *t, const char **at)
{
	int rc = 0;
	const char *p = *at, *known = p;
	while (rc == 0) {
		p += strspn(p, " \t\r\n,");
		if (*p != '(')
			break;
		im->line = line_of(known, im->line, p);
		known = p++;
		if (sql_row(&t->row, &p))
			rc = add_entry(im, t);
		else
			rules_import_lost(im, "not carried over: the row has no end");
	}
	im->line = line_of(known, im->line, p);
	*at = p;
	return rc;
}

/* Columns: phpList's own (id, regex, regexhash, action, listorder), or those that INSERT names. */
static int read_sql(struct rules_import *im, struct table *t, const char *text)
{
	static const char insert[] = "insert into";
	const char *known = text, *at = strcasestr(text, insert);
	int rc = 0;
	t->regex = 1;
	t->action = 3;
	t->order = 4;
	for (im->line = 1; rc == 0 && at; at = strcasestr(at, insert)) {
		im->line = line_of(known, im->line, at);
		const char *begin = at + strlen(insert);
		const char *values = strcasestr(begin, "values"), *next = strcasestr(begin, insert);
		const char *names = strchr(begin, '(');
		known = at = begin;
		if (values && next && next < values)
			values = NULL;
		if (!values || values[6 + strspn(values + 6, " \t\r\n")] != '(') {
			rules_import_lost(im, "not carried over: no rows after INSERT INTO");
			continue;
		}
		if (names && names < values)
			take_names(t, names);
		at = values + 6;
		im->line = line_of(known, im->line, at);
		rc = take_rows(im, t, &at);
		known = at;
	}
	return rc;
}

/* ---- rules ---- */

/* Replaces blanks by their meaning in phpList, and escapes slashes. */
static void convert(struct rules_import *im, const char *regex, char *ret, size_t size)
{
	size_t n = 0;
	bool slash = false;
	for (const char *p = regex; *p && n + 4 < size; p++) {
		if (*p == '\\' && p[1]) {
			ret[n++] = *p++;
			ret[n++] = *p == '\n' ? 'n' : *p; /* a rule is one line */
		} else if (isspace((unsigned char)*p)) {
			while (isspace((unsigned char)p[1]))
				p++;
			/* Before a quantifier the blank is a single one. */
			size_t len = p[1] && strchr("*+?{", p[1]) ? 2 : 3;
			memcpy(ret + n, "\\s+", len);
			n += len;
		} else {
			slash = slash || *p == '/';
			if (*p == '/')
				ret[n++] = '\\';
			ret[n++] = *p;
		}
	}
	ret[n] = '\0';
	if (slash)
		rules_import_note(im,
		                  "has '/', which phpList does not escape: the rule never matched "
		                  "there, but matches here");
	if (strstr(regex, " * ") || *regex == '*')
		rules_import_note(im, "' * ' matches only blanks: was '.*' meant?");
}

/* The action on the subscriber shows how the bounce was classified. */
static const char *verdict_of_action(const char *action)
{
	if (strcmp(action, "deletebounce") == 0)
		return "ignore";
	return "hard";
}

static void print_entry(struct rules_import *im, const struct entry *e)
{
	char regex[2 * CELL_SIZE + 8], rule[sizeof(regex) + 200];
	im->line = e->line;
	convert(im, e->regex, regex, sizeof(regex));
	if (!*e->action || strlen(e->action) > 60 || strpbrk(e->action, " \t\n\v\f\r")) {
		rules_import_lost(im, "not carried over: no valid phpList action");
		return;
	}
	(void)snprintf(rule, sizeof(rule), "/%s/ ==> %s action=%s", regex,
	               verdict_of_action(e->action), e->action);
	rules_import_rule(im, rule);
}

static int by_order(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

int rules_import_phplist(struct rules_import *im, struct slice all)
{
	scope_free struct table *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->action = 1;
	t->order = 2;
	int rc = strcasestr(all.text, "insert into") ? read_sql(im, t, all.text)
	                                             : read_csv(im, t, all.text);
	if (rc == 0 && t->n > 0)
		qsort(t->v, t->n, sizeof(*t->v), by_order);
	for (size_t i = 0; i < t->n; i++) {
		if (rc == 0)
			print_entry(im, &t->v[i]);
		free(t->v[i].regex);
		free(t->v[i].action);
	}
	free(t->v);
	return rc;
}
