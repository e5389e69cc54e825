/*
 * phpList (Blink Mailer and their kin): a table of regular expressions with actions and an order.
 *
 * It matches without regard to case, takes a blank for any run of white space, and puts the pattern
 * between slashes without escaping those in it, so that such a pattern never matches there.
 */
#include "ruletool/import_phplist.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"

#define CELLS_MAX 16
#define CELL_SIZE 2100 /* phpList's column has 2,083 characters */

struct row {
	char cell[CELLS_MAX][CELL_SIZE];
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
	bool known;                  /* by a heading */
	struct row row;
};

/* ---- cells ---- */

static void put(struct row *r, size_t *len, char c)
{
	if (r->n < CELLS_MAX && *len + 1 < CELL_SIZE)
		r->cell[r->n][(*len)++] = c;
}

static void end_cell(struct row *r, size_t *len)
{
	if (r->n < CELLS_MAX)
		r->cell[r->n++][*len] = '\0';
	*len = 0;
}

/* One row of CSV or TSV, from *at on, which is moved past it; quotes may hold line ends. */
static void csv_row(struct row *r, const char **at, char separator, unsigned *lines)
{
	const char *p = *at;
	size_t len = 0;
	bool quoted = false;
	r->n = 0;
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
	*at = *p ? p + 1 : p;
}

/* "(1,'User\'s unknown','deleteuser',3)" of an INSERT, from after its bracket; false: no end. */
static bool sql_row(struct row *r, const char **at)
{
	const char *p = *at;
	size_t len = 0;
	bool quoted = false;
	r->n = 0;
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
		rules_import_lost(im, "not carried over: no regular expression and action");
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

/* True when the row names its columns; then the three are noted. */
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
	if (strncmp(text, "\xef\xbb\xbf", 3) == 0) /* of a spreadsheet */
		text += 3;
	unsigned line = 1;
	int rc = 0;
	while (rc == 0 && *text) {
		im->line = line;
		csv_row(&t->row, &text, separator, &line);
		if ((t->row.n == 1 && !*t->row.cell[0]) || *t->row.cell[0] == '#')
			continue;
		if (t->known || t->n > 0 || !take_heading(t))
			rc = add_entry(im, t);
	}
	return rc;
}

static unsigned line_of(const char *text, const char *at)
{
	unsigned n = 1;
	for (; text < at; text++)
		n += *text == '\n';
	return n;
}

/* phpList's own table: id, regex, regexhash, action, listorder; or as the INSERT names them. */
static int read_sql(struct rules_import *im, struct table *t, const char *text)
{
	const char *at = text;
	int rc = 0;
	t->regex = 1;
	t->action = 3;
	t->order = 4;
	while (rc == 0 && (at = strcasestr(at, "insert into")) != NULL) {
		const char *values = strcasestr(at, "values");
		const char *names = strchr(at, '(');
		if (!values)
			return 0;
		if (names && names < values) {
			names++;
			(void)sql_row(&t->row, &names);
			for (size_t i = 0; i < t->row.n; i++) /* `regex` */
				if (t->row.cell[i][0] == '`') {
					size_t len = strlen(t->row.cell[i]);
					memmove(t->row.cell[i], t->row.cell[i] + 1, len);
					t->row.cell[i][len > 1 ? len - 2 : 0] = '\0';
				}
			(void)take_heading(t);
		}
		at = values + 6;
		while (rc == 0) {
			at += strspn(at, " \t\r\n,");
			if (*at != '(')
				break;
			im->line = line_of(text, at++);
			if (!sql_row(&t->row, &at))
				break;
			rc = add_entry(im, t);
		}
	}
	return rc;
}

/* ---- rules ---- */

/* Blanks as what they mean there, slashes escaped. */
static void convert(struct rules_import *im, const char *regex, char *ret, size_t size)
{
	size_t n = 0;
	bool slash = false;
	for (const char *p = regex; *p && n + 4 < size; p++) {
		if (*p == '\\' && p[1]) {
			ret[n++] = *p++;
			ret[n++] = *p;
		} else if (isspace((unsigned char)*p)) {
			while (isspace((unsigned char)p[1]))
				p++;
			/* With a quantifier of its own, the blank is one. */
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
		                  "has '/', which phpList does not escape: it never matched there; "
		                  "here it does");
	if (strstr(regex, " * ") || *regex == '*')
		rules_import_note(im, "' * ' matches only blanks: was '.*' meant?");
}

/* The action on the subscriber shows what the bounce was taken for. */
static const char *verdict_of_action(const char *action)
{
	if (strcmp(action, "deletebounce") == 0)
		return "ignore";
	return "hard";
}

static void print_entry(struct rules_import *im, const struct entry *e)
{
	char regex[2 * CELL_SIZE], rule[2 * CELL_SIZE + 200];
	im->line = e->line;
	convert(im, e->regex, regex, sizeof(regex));
	if (!*e->action || strlen(e->action) > 60 || strpbrk(e->action, " \t")) {
		rules_import_lost(im, "not carried over: no action of phpList's");
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
