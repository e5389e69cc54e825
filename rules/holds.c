/* Does one rule match one record?  With the prefilter's hits, or without. */
#include <errno.h>
#include <string.h>

#include "rules/impl.h"

bool status_begins(struct slice status, const char *prefix)
{
	size_t len = strlen(prefix);
	if (status.len < len || memcmp(status.text, prefix, len) != 0)
		return false;
	return status.len == len || status.text[len] == '.';
}

/* "*" any text, "?" one character; in any case. */
bool glob_matches(const char *glob, struct slice text)
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

/* "mx.example.com. (192.0.2.1)": the name. */
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
	return line_trim(cut(s));
}

bool field_holds(const struct condition *c, const struct subject *s)
{
	const struct slice value = s->values[c->field];
	for (size_t i = 0; i < c->values.n; i++) {
		if (c->field == FIELD_STATUS ? status_begins(value, c->values.v[i])
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

/* Find a lower-case literal in any case. */
static const char *find_literal(struct slice text, struct slice literal)
{
	if (literal.len > text.len)
		return NULL;
	for (size_t i = 0; i + literal.len <= text.len; i++) {
		size_t j = 0;
		while (j < literal.len && words_lower(text.text[i + j]) == literal.text[j])
			j++;
		if (j == literal.len)
			return text.text + i;
	}
	return NULL;
}

static int plain_slowly(const struct test *t, struct slice text, struct slice *ret)
{
	const char *first = NULL;
	for (size_t i = 0; i < t->sets[0].n; i++) {
		const struct slice literal = t->sets[0].v[i];
		const char *at = find_literal(text, literal);
		if (!at || (first && at >= first))
			continue;
		first = at;
		*ret = (struct slice){at, literal.len};
	}
	return first != NULL;
}

static int match_in(const struct rules *r, const struct test *t, struct slice text,
                    struct slice *ret)
{
	size_t from, to;
	if (t->plain)
		return plain_slowly(t, text, ret);
	int rc = regex_match(r->matcher, t->regex, text, &from, &to);
	if (rc == 1)
		*ret = (struct slice){text.text + from, to - from};
	return rc;
}

/* What took too many steps in the raw form is not tried in its own end. */
int test_where(const struct rules *r, const struct test *t, const struct text *text,
               struct slice *ret)
{
	uint64_t limits = matcher_limits(r->matcher);
	int rc = match_in(r, t, text->raw, ret);
	if (rc == 0 && text->suffix && !t->start && matcher_limits(r->matcher) != limits)
		return 0;
	return rc != 0 ? rc : match_in(r, t, text->folded, ret);
}

/* A text without one literal of each set cannot match. */
static bool may_match(const struct test *t, const struct hits *hits)
{
	for (size_t i = 0; i < t->nsets; i++) {
		bool one = false;
		for (size_t j = 0; j < t->sets[i].n && !one; j++)
			one = hits_has(hits, t->ids[i][j]);
		if (!one)
			return false;
	}
	return true;
}

static int test_holds(const struct rules *r, const struct test *t, const struct subject *s)
{
	struct slice where;
	int rc;
	if (!s->hits) {
		rc = test_where(r, t, s->text, &where);
	} else if (!may_match(t, s->hits)) {
		rc = 0;
	} else if (t->plain) {
		rc = 1;
	} else {
		rc = regex_match(r->matcher, t->regex, s->text->raw, NULL, NULL);
		if (rc == 0 && (t->start || !s->text->suffix))
			rc = regex_match(r->matcher, t->regex, s->text->folded, NULL, NULL);
	}
	return rc < 0 ? rc : (rc != 0) != t->negate;
}

int rule_holds(const struct rules *r, const struct rule *rule, const struct subject *s)
{
	if (rule->feedback != s->fields->feedback)
		return 0;
	for (size_t i = 0; i < rule->nconditions; i++)
		if (!condition_holds(&rule->conditions[i], s))
			return 0;
	for (size_t i = 0; i < rule->ntests; i++) {
		int rc = test_holds(r, &rule->tests[i], s);
		if (rc <= 0)
			return rc;
	}
	return 1;
}
