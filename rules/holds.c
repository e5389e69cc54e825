/* Tests if one rule matches one record, with the prefilter's hits or without. */
#include <errno.h>
#include <string.h>

#include "rules/impl.h"

/* "*" is any text, "?" one character; ignores case. */
static bool glob_matches(const char *glob, struct slice text)
{
	const char *star = NULL;
	size_t at = 0, back = 0;
	while (at < text.len) {
		if (*glob == '*') {
			star = ++glob;
			back = at;
		} else if (*glob != '\0' &&
		           (*glob == '?' || words_lower(*glob) == words_lower(text.text[at]))) {
			glob++;
			at++;
		} else if (star) {
			glob = star;
			at = ++back;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return *glob == '\0';
}

static struct slice cut(struct slice s)
{
	return (struct slice){s.text, s.len < NAME_LEN_MAX ? s.len : NAME_LEN_MAX};
}

/* Returns the host name in "mx.example.com. (192.0.2.1)". */
static struct slice host_of(struct slice mta)
{
	size_t n = 0;
	while (n < mta.len && !strchr(" \t([;:", mta.text[n]))
		n++;
	if (n > 0 && n < mta.len && mta.text[n] == ';') { /* "dns; mx.example.com" */
		while (++n < mta.len && mta.text[n] == ' ')
			;
		return host_of((struct slice){mta.text + n, mta.len - n});
	}
	if (n > 0 && mta.text[n - 1] == '.')
		n--;
	return (struct slice){mta.text, n};
}

static struct slice trimmed(struct slice s)
{
	return words_trim(cut(s));
}

static bool field_holds(const struct condition *c, const struct subject *s)
{
	const struct slice value = s->values[c->field];
	for (size_t i = 0; i < c->values.n; i++) {
		if (c->field == FIELD_STATUS ? text_status_begins(value, c->values.v[i])
		                             : glob_matches(c->values.v[i], value))
			return true;
	}
	return false;
}

void subject_begin(struct subject *s, const struct rules *r, const struct rules_fields *f)
{
	*s = (struct subject){.fields = f};
	s->status = s->values[FIELD_STATUS] = text_status_of_field(cut(f->status));
	s->values[FIELD_CAT] = trimmed(f->cat);
	s->values[FIELD_DOMAIN] = trimmed(f->domain);
	s->values[FIELD_MTA] = host_of(trimmed(f->mta));
	s->values[FIELD_ACTION] = trimmed(f->action);
	s->values[FIELD_FEEDBACK] = trimmed(f->feedback_type);
	if (r->nglobs == 0 || r->nglobs > GLOBS_MAX)
		return;
	for (size_t i = 0; i < r->nglobs; i++)
		s->globs |= (uint64_t)field_holds(r->globs[i], s) << i;
	s->globs_known = true;
}

void subject_text(struct subject *s, const struct text *text)
{
	s->text = text;
	if (s->status.len == 0)
		s->status = text_status(text->folded);
	s->values[FIELD_STATUS] = s->status;
}

static bool condition_holds(const struct condition *c, const struct subject *s)
{
	if (s->globs_known && (c->field == FIELD_DOMAIN || c->field == FIELD_MTA))
		return s->globs >> c->glob & 1;
	return field_holds(c, s);
}

/* Finds a lower-case literal, ignoring case. */
static const char *find_literal(struct slice text, struct slice literal)
{
	for (size_t i = 0; i + literal.len <= text.len; i++) {
		size_t j = 0;
		while (j < literal.len && words_lower(text.text[i + j]) == literal.text[j])
			j++;
		if (j == literal.len)
			return text.text + i;
	}
	return NULL;
}

/* Finds the earliest of the test's texts in one form of the text. */
static bool find_text(const struct literal_set *texts, struct slice in, struct slice *ret)
{
	const char *first = NULL;
	for (size_t i = 0; i < texts->n; i++) {
		const char *at = find_literal(in, texts->v[i]);
		if (!at || (first && at >= first))
			continue;
		first = at;
		*ret = (struct slice){at, texts->v[i].len};
	}
	return first != NULL;
}

static int match_in(struct matcher *m, const struct branch *b, struct slice text, struct slice *ret)
{
	size_t from, to;
	int rc = regex_match(m, b->regex, text, &from, &to);
	if (rc == 1)
		*ret = (struct slice){text.text + from, to - from};
	return rc;
}

/* Tries one branch whose literals occur. */
static int branch_matches(const struct rules *r, const struct branch *b, const struct text *text,
                          struct slice *ret)
{
	int rc = match_in(r->matcher, b, text->raw, ret);
	if (rc == 0 && (b->start || !text->suffix))
		rc = match_in(r->matcher, b, text->folded, ret);
	return rc;
}

/* Returns false if the text lacks all literals of one set: then it cannot match. */
static bool may_match(const struct branch *b, const struct hits *hits)
{
	for (size_t i = 0; i < b->nsets; i++) {
		bool one = false;
		for (size_t j = 0; j < b->sets[i].n && !one; j++)
			one = hits_has(hits, b->ids[i][j]);
		if (!one)
			return false;
	}
	return true;
}

static int test_quickly(const struct rules *r, const struct test *t, const struct subject *s)
{
	struct slice where;
	for (size_t i = 0; i < t->texts.n; i++)
		if (hits_has(s->hits, t->text_ids[i]))
			return 1;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < t->nbranches; i++)
		if (may_match(&t->branches[i], s->hits))
			rc = branch_matches(r, &t->branches[i], s->text, &where);
	return rc;
}

static bool has_literals(const struct branch *b, const struct text *text)
{
	struct slice where;
	for (size_t i = 0; i < b->nsets; i++)
		if (!find_text(&b->sets[i], text->raw, &where) &&
		    !find_text(&b->sets[i], text->folded, &where))
			return false;
	return true;
}

/*
 * The same without the prefilter.  A branch that the prefilter would skip is also tried, with steps
 * that are not counted: if it ever matches, promise V1 is broken, and the tests detect it.
 */
static int branch_plainly(const struct rules *r, const struct branch *b, const struct text *text,
                          struct slice *ret)
{
	int rc = has_literals(b, text) ? branch_matches(r, b, text, ret) : 0;
	if (rc != 0 || matcher_spent(r->matcher))
		return rc;
	matcher_begin(r->spare);
	rc = match_in(r->spare, b, text->raw, ret);
	return rc != 0 ? rc : match_in(r->spare, b, text->folded, ret);
}

int test_where(const struct rules *r, const struct test *t, const struct text *text,
               struct slice *ret)
{
	if (find_text(&t->texts, text->raw, ret) || find_text(&t->texts, text->folded, ret))
		return 1;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < t->nbranches; i++)
		rc = branch_plainly(r, &t->branches[i], text, ret);
	return rc;
}

static int test_holds(const struct rules *r, const struct test *t, const struct subject *s)
{
	struct slice where;
	int rc = s->hits ? test_quickly(r, t, s) : test_where(r, t, s->text, &where);
	return rc < 0 ? rc : (rc != 0) != t->negate;
}

/* A rule that took too many steps does not match, whatever the result of its other tests is. */
int rule_holds(const struct rules *r, const struct rule *rule, const struct subject *s)
{
	if (rule->feedback != s->fields->feedback)
		return 0;
	for (size_t i = 0; i < rule->nconditions; i++)
		if (!condition_holds(&rule->conditions[i], s))
			return 0;
	matcher_begin(r->matcher);
	for (size_t i = 0; i < rule->ntests; i++) {
		int rc = test_holds(r, &rule->tests[i], s);
		if (rc <= 0)
			return rc;
	}
	return !matcher_spent(r->matcher);
}
