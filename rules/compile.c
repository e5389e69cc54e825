/*
 * Prepares a complete set once: finds the literals of its tests, the literals that make a rule a
 * candidate, and the rules that are candidates for every text.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/impl.h"

/* One literal of one test, which is to get a number. */
struct use {
	struct slice text;
	uint32_t *id;
};

struct uses {
	struct use *v;
	size_t n;
};

static int compare(const void *a, const void *b)
{
	const struct use *x = a, *y = b;
	size_t len = x->text.len < y->text.len ? x->text.len : y->text.len;
	int rc = memcmp(x->text.text, y->text.text, len);
	if (rc != 0)
		return rc;
	return x->text.len < y->text.len ? -1 : x->text.len > y->text.len;
}

static size_t count_test(const struct test *t)
{
	size_t n = t->texts.n;
	for (size_t i = 0; i < t->nbranches; i++)
		for (size_t k = 0; k < t->branches[i].nsets; k++)
			n += t->branches[i].sets[k].n;
	return n;
}

static size_t count_literals(const struct rules *r)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++)
		for (size_t j = 0; j < r->v[i].ntests; j++)
			n += count_test(&r->v[i].tests[j]);
	return n;
}

static int collect_set(const struct literal_set *set, uint32_t **ret_ids, struct uses *uses)
{
	uint32_t *ids = calloc(set->n + 1, sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	for (size_t i = 0; i < set->n; i++)
		uses->v[uses->n++] = (struct use){set->v[i], &ids[i]};
	*ret_ids = ids;
	return 0;
}

static int collect_test(struct test *t, struct uses *uses)
{
	int rc = collect_set(&t->texts, &t->text_ids, uses);
	for (size_t i = 0; rc == 0 && i < t->nbranches; i++) {
		struct branch *b = &t->branches[i];
		b->ids = calloc(b->nsets + 1, sizeof(*b->ids));
		rc = b->ids ? 0 : -ENOMEM;
		for (size_t k = 0; rc == 0 && k < b->nsets; k++)
			rc = collect_set(&b->sets[k], &b->ids[k], uses);
	}
	return rc;
}

/* Gives equal literals one number. */
static int number_literals(struct rules *r)
{
	struct uses uses = {.v = calloc(count_literals(r) + 1, sizeof(*uses.v))};
	r->literals = calloc(count_literals(r) + 1, sizeof(*r->literals));
	int rc = uses.v && r->literals ? 0 : -ENOMEM;
	for (size_t i = 0; rc == 0 && i < r->n; i++)
		for (size_t j = 0; rc == 0 && j < r->v[i].ntests; j++)
			rc = collect_test(&r->v[i].tests[j], &uses);
	if (rc == 0)
		qsort(uses.v, uses.n, sizeof(*uses.v), compare);
	for (size_t i = 0; rc == 0 && i < uses.n; i++) {
		if (i == 0 || compare(&uses.v[i - 1], &uses.v[i]) != 0)
			r->literals[r->nliterals++] = uses.v[i].text;
		*uses.v[i].id = (uint32_t)r->nliterals - 1;
	}
	free(uses.v);
	return rc;
}

static size_t shortest(const struct literal_set *set)
{
	size_t least = SIZE_MAX;
	for (size_t i = 0; i < set->n; i++)
		least = set->v[i].len < least ? set->v[i].len : least;
	return least;
}

/* Returns the most selective set of a branch: long literals are rare.  nsets for none. */
static size_t best_set(const struct branch *b)
{
	size_t ret = b->nsets, most = 0;
	for (size_t k = 0; k < b->nsets; k++) {
		size_t len = shortest(&b->sets[k]);
		if (len <= most)
			continue;
		most = len;
		ret = k;
	}
	return ret;
}

/* Returns how rare the literals are that a match of the test needs one of; 0: it may need none. */
static size_t rarity(const struct test *t)
{
	size_t least = t->texts.n ? shortest(&t->texts) : SIZE_MAX;
	for (size_t i = 0; i < t->nbranches; i++) {
		size_t k = best_set(&t->branches[i]);
		size_t len = k < t->branches[i].nsets ? shortest(&t->branches[i].sets[k]) : 0;
		least = len < least ? len : least;
	}
	return t->negate ? 0 : least;
}

static int add_trigger(struct rules *r, uint32_t literal, uint32_t rule)
{
	struct trigger *t = &r->triggers[literal];
	if (t->n > 0 && t->rules[t->n - 1] == rule)
		return 0;
	if ((t->n & (t->n - 1)) == 0) { /* full at each power of two */
		uint32_t *bigger = realloc(t->rules, (t->n ? 2 * t->n : 1) * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		t->rules = bigger;
	}
	t->rules[t->n++] = rule;
	return 0;
}

static int add_triggers(struct rules *r, const struct test *t, uint32_t rule)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < t->texts.n; i++)
		rc = add_trigger(r, t->text_ids[i], rule);
	for (size_t i = 0; rc == 0 && i < t->nbranches; i++) {
		size_t k = best_set(&t->branches[i]);
		for (size_t j = 0; rc == 0 && j < t->branches[i].sets[k].n; j++)
			rc = add_trigger(r, t->branches[i].ids[k][j], rule);
	}
	return rc;
}

static int find_triggers(struct rules *r)
{
	size_t words = r->n / 64 + 1;
	r->triggers = calloc(r->nliterals + 1, sizeof(*r->triggers));
	r->always = calloc(words, sizeof(*r->always));
	r->candidates = calloc(words, sizeof(*r->candidates));
	if (!r->triggers || !r->always || !r->candidates)
		return -ENOMEM;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < r->n; i++) {
		const struct test *best = NULL;
		for (size_t j = 0; j < r->v[i].ntests; j++) {
			const struct test *t = &r->v[i].tests[j];
			if (rarity(t) > (best ? rarity(best) : 0))
				best = t;
		}
		if (best)
			rc = add_triggers(r, best, (uint32_t)i);
		else
			r->always[i / 64] |= UINT64_C(1) << (i % 64);
	}
	return rc;
}

static bool same_condition(const struct condition *a, const struct condition *b)
{
	if (a->field != b->field || a->values.n != b->values.n)
		return false;
	for (size_t i = 0; i < a->values.n; i++)
		if (strcmp(a->values.v[i], b->values.v[i]) != 0)
			return false;
	return true;
}

/* Gives equal conditions about names one number, so that each is evaluated once. */
static int number_glob(struct rules *r, struct condition *c)
{
	for (size_t i = 0; i < r->nglobs; i++) {
		if (same_condition(r->globs[i], c)) {
			c->glob = (unsigned)i;
			return 0;
		}
	}
	const struct condition **bigger = realloc(r->globs, (r->nglobs + 1) * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	r->globs = bigger;
	c->glob = (unsigned)r->nglobs;
	r->globs[r->nglobs++] = c;
	return 0;
}

static int number_globs(struct rules *r)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < r->n; i++) {
		for (size_t j = 0; rc == 0 && j < r->v[i].nconditions; j++) {
			struct condition *c = &r->v[i].conditions[j];
			r->uses_action = r->uses_action || c->field == FIELD_ACTION;
			/* With more than GLOBS_MAX, each is evaluated by itself. */
			if (r->nglobs <= GLOBS_MAX &&
			    (c->field == FIELD_DOMAIN || c->field == FIELD_MTA))
				rc = number_glob(r, c);
		}
	}
	return rc;
}

static int by_id(const void *a, const void *b)
{
	const struct rule *x = *(struct rule *const *)a, *y = *(struct rule *const *)b;
	int rc = strcmp(x->id, y->id);
	return rc != 0 ? rc : (x > y) - (x < y);
}

/* Finds the rules that share an id. */
static int find_firsts(struct rules *r)
{
	struct rule **order = calloc(r->n + 1, sizeof(struct rule *));
	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < r->n; i++)
		order[i] = &r->v[i];
	qsort(order, r->n, sizeof(struct rule *), by_id);
	for (size_t i = 0; i < r->n; i++) {
		bool same = i > 0 && strcmp(order[i - 1]->id, order[i]->id) == 0;
		order[i]->first = same ? order[i - 1]->first : (size_t)(order[i] - r->v);
	}
	free(order);
	return 0;
}

int rules_compile(struct rules *r)
{
	int rc = number_literals(r);
	if (rc == 0)
		rc = find_firsts(r);
	if (rc == 0)
		rc = number_globs(r);
	if (rc == 0)
		rc = find_triggers(r);
	if (rc == 0)
		rc = prefilter_new(&r->prefilter, r->literals, r->nliterals);
	if (rc == 0)
		rc = hits_new(&r->hits, r->prefilter);
	if (rc == 0)
		rc = matcher_new(&r->matcher);
	if (rc == 0)
		rc = matcher_new(&r->spare);
	if (rc == 0) {
		r->builtin_hits = calloc(builtin_count(), sizeof(*r->builtin_hits));
		rc = r->builtin_hits ? 0 : -ENOMEM;
	}
	return rc;
}
