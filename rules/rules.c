/*
 * Judges one record: looks into the memo, then finds in one pass over the text which rules can
 * match at all, then tries those in order.
 */
#include "rules/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "rules/impl.h"

#define KEY_MAX (RULES_TEXT_MAX + 4 * (NAME_LEN_MAX + 2) + 64)
#define BUILTIN_BASE (-10) /* values from here down are built-in rules */

/* ---- from a value to a result ---- */

enum rules_verdict rules_mapped(const struct rules *r, enum rules_verdict verdict)
{
	return r->map[verdict].line ? (enum rules_verdict)r->map[verdict].value : verdict;
}

static void result_of(const struct rules *r, int32_t value, struct rules_result *ret)
{
	*ret = (struct rules_result){
	        .rule = value, .id = "", .action = "", .deliver = true, .counted = true};
	if (value == RULES_NONE) {
		ret->silent = true;
		ret->unmapped = ret->verdict = RULES_UNKNOWN;
		return;
	}
	if (value < 0) {
		size_t i = (size_t)(BUILTIN_BASE - value);
		ret->rule = RULES_BUILTIN;
		ret->builtin = (unsigned)i;
		ret->id = builtin_id(i);
		ret->unmapped = builtin_verdict(i);
	} else {
		const struct rule *rule = &r->v[value];
		ret->id = rule->id;
		ret->unmapped = rule->verdict;
		if (rule->action) {
			ret->action = rule->action->name;
			ret->deliver = rule->action->deliver;
			ret->counted = rule->action->counted;
		}
	}
	ret->verdict = rules_mapped(r, ret->unmapped);
	ret->deliver = ret->deliver && ret->verdict != RULES_IGNORE;
}

static int32_t unmatched(const struct rules *r, const struct subject *s)
{
	if (s->fields->feedback)
		return RULES_NONE;
	size_t i = builtin_unknown();
	if (!r->unmatched.line || r->unmatched.value == 0)
		i = builtin_of(s->fields, s->status, s->text);
	return BUILTIN_BASE - (int32_t)i;
}

/* ---- candidates, in order ---- */

typedef int found_fn(int32_t value, void *arg);

static void find_candidates(struct rules *r, struct subject *s)
{
	memcpy(r->candidates, r->always, (r->n / 64 + 1) * sizeof(*r->candidates));
	if (!s->text)
		return;
	const struct slice *forms[] = {&s->text->raw, &s->text->folded};
	hits_begin(&r->hits);
	for (size_t f = 0; f < 2 - (size_t)s->text->suffix; f++) {
		for (size_t i = 0; i < forms[f]->len; i++)
			r->lower[i] = words_lower(forms[f]->text[i]);
		prefilter_scan(r->prefilter, (struct slice){r->lower, forms[f]->len}, &r->hits);
	}
	s->hits = &r->hits;
	for (size_t i = 0; i < r->hits.n; i++) {
		const struct trigger *t = &r->triggers[r->hits.list[i]];
		for (size_t j = 0; j < t->n; j++)
			r->candidates[t->rules[j] / 64] |= UINT64_C(1) << (t->rules[j] % 64);
	}
}

static int try_candidates(const struct rules *r, const struct subject *s, found_fn *fn, void *arg)
{
	for (size_t w = 0; w <= r->n / 64; w++) {
		for (uint64_t bits = r->candidates[w]; bits; bits &= bits - 1) {
			size_t i = 64 * w + (size_t)__builtin_ctzll(bits);
			int rc = rule_holds(r, &r->v[i], s);
			if (rc > 0)
				rc = fn((int32_t)i, arg);
			if (rc != 0)
				return rc;
		}
	}
	return 0;
}

/* Tries every rule in order; only the rules of one file if file is not negative. */
static int try_all(const struct rules *r, const struct subject *s, int file, found_fn *fn,
                   void *arg)
{
	for (size_t i = 0; i < r->n; i++) {
		if (file >= 0 && r->files[r->v[i].file].owner != (unsigned)file)
			continue;
		int rc = rule_holds(r, &r->v[i], s);
		if (rc > 0)
			rc = fn((int32_t)i, arg);
		if (rc != 0)
			return rc;
	}
	return 0;
}

#define FOUND 1

static int keep_first(int32_t value, void *arg)
{
	*(int32_t *)arg = value;
	return FOUND;
}

static void set_text(struct rules *r, struct subject *s)
{
	if (s->fields->feedback)
		return;
	text_fold(&r->text, s->fields->diag);
	subject_text(s, &r->text);
}

/* ---- the memo ---- */

static char *put(char *at, struct slice s, size_t most)
{
	uint16_t len = (uint16_t)(s.len < most ? s.len : most);
	memcpy(at, &len, sizeof(len));
	memcpy(at + sizeof(len), s.text, len);
	return at + sizeof(len) + len;
}

/* Makes the memo's key from all fields that a verdict depends on. */
static struct slice key_of(const struct rules *r, const struct subject *s, char key[KEY_MAX])
{
	const struct rules_fields *f = s->fields;
	char *at = key;
	*at++ = f->feedback ? 'f' : 'b';
	if (f->feedback)
		at = put(at, s->values[FIELD_FEEDBACK], NAME_LEN_MAX);
	else
		at = put(at, f->diag, RULES_TEXT_MAX);
	at = put(at, s->status, 16);
	at = put(at, s->values[FIELD_CAT], NAME_LEN_MAX);
	if (r->uses_action)
		at = put(at, s->values[FIELD_ACTION], NAME_LEN_MAX);
	if (s->globs_known) {
		memcpy(at, &s->globs, sizeof(s->globs));
		at += sizeof(s->globs);
	} else if (r->nglobs > 0) {
		at = put(at, s->values[FIELD_DOMAIN], NAME_LEN_MAX);
		at = put(at, s->values[FIELD_MTA], NAME_LEN_MAX);
	}
	return (struct slice){key, (size_t)(at - key)};
}

int rules_judge(struct rules *r, const struct rules_fields *f, struct rules_result *ret)
{
	char buf[KEY_MAX];
	struct subject s;
	if (!r->memo && memo_new(&r->memo) < 0) /* made late: only judging needs it */
		return -ENOMEM;
	subject_begin(&s, r, f);
	const struct slice key = key_of(r, &s, buf);
	int32_t value = memo_get(r->memo, key);
	if (value == MEMO_NOTHING) {
		set_text(r, &s);
		find_candidates(r, &s);
		int rc = try_candidates(r, &s, keep_first, &value);
		if (rc < 0)
			return rc;
		if (rc != FOUND)
			value = unmatched(r, &s);
		memo_put(r->memo, key, value);
	}
	result_of(r, value, ret);
	return 0;
}

int rules_judge_own(struct rules *r, const struct rules_fields *f, int file,
                    struct rules_result *ret)
{
	struct subject s;
	int32_t value;
	subject_begin(&s, r, f);
	set_text(r, &s);
	int rc = try_all(r, &s, file, keep_first, &value);
	if (rc < 0)
		return rc;
	result_of(r, rc == FOUND ? value : unmatched(r, &s), ret);
	return 0;
}

int rules_judge_plainly(struct rules *r, const struct rules_fields *f, struct rules_result *ret)
{
	return rules_judge_own(r, f, -1, ret);
}

/* ---- more than the verdict ---- */

struct each {
	const struct rules *rules;
	rules_match_fn *fn;
	void *arg;
};

static int tell(int32_t value, void *arg)
{
	const struct each *e = arg;
	struct rules_result result;
	result_of(e->rules, value, &result);
	return e->fn(&result, e->arg);
}

int rules_each_match(struct rules *r, const struct rules_fields *f, rules_match_fn *fn, void *arg)
{
	struct each e = {r, fn, arg};
	struct subject s;
	subject_begin(&s, r, f);
	set_text(r, &s);
	find_candidates(r, &s);
	int rc = try_candidates(r, &s, tell, &e);
	return rc != 0 ? rc : tell(unmatched(r, &s), &e);
}

int rules_try(struct rules *r, size_t i, const struct rules_fields *f)
{
	struct subject s;
	subject_begin(&s, r, f);
	set_text(r, &s);
	find_candidates(r, &s);
	return rule_holds(r, &r->v[i], &s);
}

bool rules_wants_why(const struct rules *r)
{
	return r->why.line != 0 && r->why.value != 0;
}

/* Gets the text that the first positive test of the rule matched; empty if it has none. */
static int matched_text(struct rules *r, const struct rules_fields *f, const struct rule *rule,
                        struct slice *ret)
{
	*ret = SLICE_EMPTY;
	if (f->feedback)
		return 0;
	text_fold(&r->text, f->diag);
	/* Steps of earlier matches must not count here. */
	matcher_begin(r->matcher);
	for (size_t i = 0; i < rule->ntests; i++)
		if (!rule->tests[i].negate)
			return test_where(r, &rule->tests[i], &r->text, ret);
	return 0;
}

int rules_matched(struct rules *r, const struct rules_fields *f, const struct rules_result *result,
                  char ret[RULES_WHY_SIZE])
{
	struct slice found = SLICE_EMPTY;
	size_t bad;
	int rc = result->rule < 0 ? 0 : matched_text(r, f, &r->v[result->rule], &found);
	if (rc < 0)
		return rc;
	if (found.len > RULES_WHY_SIZE / 4)
		found.len = RULES_WHY_SIZE / 4;
	(void)utf8_repair(found.text, found.len, ret, &bad);
	return 0;
}

int rules_why(struct rules *r, const struct rules_fields *f, const struct rules_result *result,
              char ret[RULES_WHY_SIZE])
{
	char text[RULES_WHY_SIZE];
	int rc = rules_matched(r, f, result, text);
	if (rc < 0)
		return rc;
	if (result->rule < 0) {
		(void)snprintf(ret, RULES_WHY_SIZE, "%s", result->id);
		return 0;
	}
	const struct rule *rule = &r->v[result->rule];
	(void)snprintf(ret, RULES_WHY_SIZE, "%.64s:%u%s%.400s", r->files[rule->file].name,
	               rule->line, *text ? ": " : "", text);
	return 0;
}

void rules_folded(struct slice diag, char ret[RULES_TEXT_MAX + 1])
{
	struct text text;
	text_fold(&text, diag);
	memcpy(ret, text.folded.text, text.folded.len);
	ret[text.folded.len] = '\0';
}

void rules_status(const struct rules_fields *f, char ret[16])
{
	struct text text;
	text_fold(&text, f->diag);
	struct slice status = text_status_of_field(f->status);
	if (status.len == 0)
		status = text_status(text.folded);
	(void)snprintf(ret, 16, "%.*s", (int)status.len, status.text);
}
