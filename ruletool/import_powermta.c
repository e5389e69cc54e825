#include "ruletool/import_powermta.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/units.h"
#include "base/utf8.h"
#include "rules/rules.h"

#define BLOCK "<bounce-category-patterns"
#define NAMED_MAX 12 /* as many unused directives are named */
#define NAME_MAX_LEN 48

struct unused {
	char name[NAME_MAX_LEN];
	unsigned first; /* line */
	size_t n;
};

/* A configuration that is being imported. */
struct powermta {
	struct rules_import *im;
	bool whole; /* it has tags: lines outside of the block are no patterns */
	bool inside;
	struct unused named[NAMED_MAX];
	size_t nnamed, unused, others; /* unused lines; those of them without a place in named */
};

static void ignore(const struct file_mistake *m, void *arg)
{
	(void)m;
	(void)arg;
}

/* Returns the verdict of the built-in rules for a category. */
static enum rules_verdict verdict_of_cat(struct slice cat)
{
	struct rules *r = NULL;
	struct rules_result result = {.unmapped = RULES_UNKNOWN};
	struct rules_fields f = rules_fields_of(SLICE_EMPTY);
	f.cat = cat;
	if (rules_load_text(&r, "x", SLICE_EMPTY, ignore, NULL) == 0 &&
	    rules_judge(r, &f, &result) < 0)
		result.unmapped = RULES_UNKNOWN;
	(void)rules_free(r);
	return result.unmapped;
}

static struct slice trimmed(struct slice text)
{
	while (text.len > 0 && isspace((unsigned char)*text.text))
		text = (struct slice){text.text + 1, text.len - 1};
	while (text.len > 0 && isspace((unsigned char)text.text[text.len - 1]))
		text.len--;
	return text;
}

/* Imports a line such as "/spam/ spam-related". */
static void take_pattern(struct rules_import *im, struct slice line)
{
	char rule[8192];
	const char *close = *line.text == '/' ? memrchr(line.text, '/', line.len) : NULL;
	if (!close || close == line.text) {
		rules_import_lost(im, "not carried over: no '/PATTERN/ category'");
		return;
	}
	const struct slice cat = trimmed(
	        (struct slice){close + 1, line.len - (size_t)(close + 1 - line.text)});
	enum rules_verdict v = verdict_of_cat(cat);
	if (v == RULES_UNKNOWN)
		rules_import_note(im, "category '%.*s' is neither hard nor soft: unknown",
		                  (int)cat.len, cat.text);
	if (line.len > 2 && strchr("^[", line.text[1]) && memmem(line.text, line.len, "\\.", 2))
		rules_import_note(
		        im, "PowerMTA matches this against the status, too; here it matches only "
		            "the text: use the condition status= for the status");
	(void)snprintf(rule, sizeof(rule), "%.*s ==> %s id=pmta-%.*s", (int)(close + 1 - line.text),
	               line.text, rules_verdict_name(v), (int)cat.len, cat.text);
	rules_import_rule(im, rule);
}

/* Counts a line under its first word. */
static void count_unused(struct powermta *p, struct slice line)
{
	char name[NAME_MAX_LEN];
	size_t len = 0, i = 0;
	while (len < line.len && !isspace((unsigned char)line.text[len]) && line.text[len] != '>')
		len++;
	const struct slice word = {line.text + (*line.text == '<'), len - (*line.text == '<')};
	(void)snprintf(name, sizeof(name), "%.*s", (int)word.len, word.text);
	p->unused++;
	while (i < p->nnamed && strcasecmp(p->named[i].name, name) != 0)
		i++;
	if (i == NAMED_MAX) {
		p->others++;
		return;
	}
	if (i == p->nnamed) {
		memcpy(p->named[p->nnamed].name, name, sizeof(name));
		p->named[p->nnamed++].first = p->im->line;
	}
	p->named[i].n++;
}

static bool starts_with(struct slice line, const char *word)
{
	return line.len >= strlen(word) && strncasecmp(line.text, word, strlen(word)) == 0;
}

static void take_line(struct powermta *p, struct slice line)
{
	line = trimmed(line);
	if (line.len == 0 || *line.text == '#')
		return;
	if (starts_with(line, BLOCK))
		p->inside = true;
	else if (starts_with(line, "</"))
		p->inside = false;
	else if (p->inside || !p->whole)
		take_pattern(p->im, line);
	else
		count_unused(p, line);
}

static void each_line(struct powermta *p, struct slice all)
{
	struct slice line;
	size_t at = 0;
	for (p->im->line = 1; at < all.len; p->im->line++) {
		const char *nl = memchr(all.text + at, '\n', all.len - at);
		line.text = all.text + at;
		line.len = nl ? (size_t)(nl - line.text) : all.len - at;
		at += line.len + 1;
		take_line(p, line);
	}
}

/* "FILE: 3 lines are no bounce categories and not used: domain (2, from line 4), ..." */
static void print_unused(const struct powermta *p)
{
	char clean[512];
	utf8_printable(p->im->name, strlen(p->im->name), clean, sizeof(clean));
	(void)fprintf(p->im->notes,
	              "%s: %zu line%s not used, because %s no bounce-category-patterns:", clean,
	              p->unused, p->unused == 1 ? " is" : "s are",
	              p->unused == 1 ? "it is" : "they are");
	for (size_t i = 0; i < p->nnamed; i++) {
		const struct unused *u = &p->named[i];
		utf8_printable(u->name, strlen(u->name), clean, sizeof(clean));
		(void)fprintf(p->im->notes, "%s %s (", i > 0 ? "," : "", clean);
		if (u->n > 1)
			(void)fprintf(p->im->notes, "%zu from ", u->n);
		(void)fprintf(p->im->notes, "line %u)", u->first);
	}
	if (p->others > 0)
		(void)fprintf(p->im->notes, ", and %zu other%s", p->others, units_s(p->others));
	(void)fprintf(p->im->notes, "\n");
}

/* True if the text has a tag at the beginning of a line: then it is a configuration. */
static bool has_tags(struct slice all)
{
	for (size_t i = 0; i < all.len; i++) {
		size_t at = i;
		while (at < all.len && (all.text[at] == ' ' || all.text[at] == '\t'))
			at++;
		if (at < all.len && all.text[at] == '<')
			return true;
		const char *nl = memchr(all.text + i, '\n', all.len - i);
		i = nl ? (size_t)(nl - all.text) : all.len;
	}
	return false;
}

void rules_import_powermta(struct rules_import *im, struct slice all)
{
	struct powermta p = {.im = im, .whole = has_tags(all)};
	each_line(&p, all);
	if (p.unused > 0)
		print_unused(&p);
}
