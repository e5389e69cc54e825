#include "ruletool/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "rules/judge.h"

#define GROUPS_MAX 4096 /* a power of two */
#define GROUPS_FULL 3000
#define TEXT_SIZE 256
#define SUSPECT_LEAST 5 /* fewer hits mean nothing */
#define SLOW_NS 50000
#define SLOW_TRIES 10
#define SAMPLES (sizeof(((struct rules_check *)0)->samples) / sizeof(char *))

int rules_check_open(struct rules_check *c, struct ruletool_options *o)
{
	*c = (struct rules_check){.o = o, .nrules = rules_number(o->rules)};
	c->rules = calloc(c->nrules + 1, sizeof(*c->rules));
	c->groups = calloc(GROUPS_MAX, sizeof(*c->groups));
	c->decided = calloc(GROUPS_MAX, sizeof(*c->decided));
	return c->rules && c->groups && c->decided ? 0 : -ENOMEM;
}

static void groups_free(struct group *g)
{
	for (size_t i = 0; g && i < GROUPS_MAX; i++) {
		free(g[i].text);
		free(g[i].example);
	}
	free(g);
}

void rules_check_close(struct rules_check *c)
{
	groups_free(c->groups);
	groups_free(c->decided);
	for (size_t i = 0; i < c->nsamples; i++)
		free(c->samples[i]);
	free(c->rules);
}

static void count_domain(struct top_domains *d, struct slice name)
{
	size_t rarest = 0;
	char text[sizeof(d->v[0].name)];
	if (name.len == 0)
		return;
	(void)snprintf(text, sizeof(text), "%.*s", (int)name.len, name.text);
	for (size_t i = 0; i < DOMAIN_SLOTS; i++) {
		if (strcasecmp(d->v[i].name, text) == 0) {
			d->v[i].n++;
			return;
		}
		rarest = d->v[i].n < d->v[rarest].n ? i : rarest;
	}
	memcpy(d->v[rarest].name, text, sizeof(text));
	d->v[rarest].n++; /* an upper bound: it includes the count of the rarest */
}

/* ---- groups ---- */

/* Finds or makes the group of a text.  Returns NULL without room, or with -ENOMEM in *ret_rc. */
static struct group *find_group(struct group *table, size_t *n, const char *text, int *ret_rc)
{
	struct hash128 h = hash_bytes(text, strlen(text));
	uint64_t hash;
	memcpy(&hash, h.bytes, sizeof(hash));
	struct group *g = &table[hash & (GROUPS_MAX - 1)];
	while (g->text && (g->hash != hash || strcmp(g->text, text) != 0))
		g = g + 1 == table + GROUPS_MAX ? table : g + 1;
	if (g->text)
		return g;
	if (*n >= GROUPS_FULL)
		return NULL;
	g->hash = hash;
	g->text = strdup(text);
	*ret_rc = g->text ? 0 : -ENOMEM;
	*n += g->text != NULL;
	return g->text ? g : NULL;
}

static int count_group(struct rules_check *c, const struct rules_fields *f,
                       const struct rules_result *r)
{
	char text[TEXT_SIZE];
	int rc = 0;
	c->unmatched++;
	rules_normalise(f->diag, text, sizeof(text));
	struct group *g = find_group(c->groups, &c->ngroups, text, &rc);
	if (!g) {
		c->ungrouped++;
		return rc;
	}
	g->n++;
	if (g->example)
		return 0;
	g->verdict = r->unmapped;
	g->id = r->id;
	g->example = strndup(f->diag.text, f->diag.len < 1024 ? f->diag.len : 1024);
	return g->example ? 0 : -ENOMEM;
}

/* ---- one record ---- */

struct closer {
	struct rules_check *check;
	const struct rules_result *first;
};

static int on_later(const struct rules_result *r, void *arg)
{
	struct closer *k = arg;
	if (r->rule < 0 || r->rule == k->first->rule)
		return 0;
	struct rule_stat *s = &k->check->rules[r->rule];
	s->preempted++;
	s->against += r->unmapped != k->first->unmapped;
	if (s->by == 0 || r->unmapped != k->first->unmapped)
		s->by = (uint32_t)k->first->rule + 1;
	return 0;
}

static int keep_samples(struct rules_check *c, const struct rules_fields *f,
                        const struct rules_result *r)
{
	char text[TEXT_SIZE];
	int rc = 0;
	rules_normalise(f->diag, text, sizeof(text));
	struct group *g = find_group(c->decided, &c->ndecided, text, &rc);
	if (g)
		g->verdict = r->unmapped;
	if (rc < 0 || c->nsamples == SAMPLES || c->closer % 7 != 0)
		return rc;
	c->samples[c->nsamples] = strndup(f->diag.text, f->diag.len);
	c->nsamples += c->samples[c->nsamples] != NULL;
	return 0;
}

static int look_closer(struct rules_check *c, const struct rules_fields *f,
                       const struct rules_result *r)
{
	struct closer k = {c, r};
	uint64_t n = c->rules[r->rule].hits;
	if (n > CLOSER_FIRST && n % CLOSER_EVERY != 0)
		return 0;
	c->closer++;
	int rc = rules_each_match(c->o->rules, f, on_later, &k);
	return rc == 0 && !f->feedback ? keep_samples(c, f, r) : rc;
}

static bool has_prefix(struct slice s, const char *prefix)
{
	return s.len >= strlen(prefix) && memcmp(s.text, prefix, strlen(prefix)) == 0;
}

/* Returns true if the status or PowerMTA's category blames the sender. */
static bool blames_sender(const struct rules_fields *f)
{
	return has_prefix(f->status, "5.7.") || slice_is(f->cat, "spam-related") ||
	       slice_is(f->cat, "policy-related") || slice_is(f->cat, "content-related") ||
	       slice_is(f->cat, "virus-related");
}

int rules_check_record(const struct record *rec, void *arg)
{
	struct rules_check *c = arg;
	struct rules_fields f;
	struct rules_result r;
	c->rows++;
	if (rec->type != RECORD_BOUNCED && rec->type != RECORD_REMOTE_BOUNCE &&
	    rec->type != RECORD_FEEDBACK)
		return 0;
	judge_fields(&f, rec);
	c->complaints += f.feedback;
	c->bounces += !f.feedback;
	int rc = rules_judge(c->o->rules, &f, &r);
	if (rc < 0 || r.silent)
		return rc;
	c->verdicts[r.verdict]++;
	c->withheld += !r.deliver;
	if (r.rule < 0)
		return count_group(c, &f, &r);
	struct rule_stat *s = &c->rules[r.rule];
	s->hits++;
	s->blamed += !f.feedback && blames_sender(&f);
	count_domain(&s->domains, f.domain);
	return look_closer(c, &f, &r);
}

/* ---- afterwards ---- */

struct covered {
	struct rules_check *check;
	size_t rule;
	bool yes;
};

/* Finds the first rule that the text alone matches; without other conditions it always matches. */
static int on_cover(const struct rules_result *r, void *arg)
{
	struct covered *k = arg;
	const struct slice *texts;
	if (r->rule < 0 || (size_t)r->rule >= k->rule)
		return 1;
	if (rules_literals(k->check->o->rules, (size_t)r->rule, &texts) == 0)
		return 0;
	k->check->rules[k->rule].by = (uint32_t)r->rule + 1;
	k->yes = true;
	return 1;
}

/* A shadow is exact: every text of the rule contains a text of an earlier, text-only rule. */
static int find_shadow(struct rules_check *c, size_t rule)
{
	const struct slice *texts;
	size_t n = rules_literals(c->o->rules, rule, &texts);
	uint32_t by = c->rules[rule].by;
	for (size_t i = 0; i < n; i++) {
		struct covered k = {c, rule, false};
		const struct rules_fields f = rules_fields_of(texts[i]);
		int rc = rules_each_match(c->o->rules, &f, on_cover, &k);
		if (rc < 0)
			return rc;
		if (!k.yes) {
			c->rules[rule].by = by;
			return 0;
		}
	}
	c->rules[rule].by_text = n > 0;
	return 0;
}

static uint64_t cpu_ns(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Tries the rule on all samples, once. */
static int try_on_samples(struct rules_check *c, size_t rule, uint64_t *ret_ns)
{
	uint64_t from = cpu_ns();
	for (size_t i = 0; i < c->nsamples; i++) {
		const struct rules_fields f = rules_fields_of(slice_of(c->samples[i]));
		int rc = rules_try(c->o->rules, rule, &f);
		if (rc < 0)
			return rc;
	}
	*ret_ns = cpu_ns() - from;
	return 0;
}

/*
 * Finds if the rule gives up on any of the texts, or takes long.  On a busy machine any rule may
 * take long once: only a rule that does so each time is slow.
 */
static int take_time(struct rules_check *c, size_t rule)
{
	struct rules_view before, after;
	bool slow = true;
	rules_view(c->o->rules, &before);
	for (int tries = 0; slow && tries < SLOW_TRIES; tries++) {
		uint64_t ns;
		int rc = try_on_samples(c, rule, &ns);
		if (rc < 0)
			return rc;
		slow = ns / c->nsamples > SLOW_NS;
	}
	rules_view(c->o->rules, &after);
	c->rules[rule].slow = slow || after.limits > before.limits;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	if (!x->text || !y->text)
		return (x->text == NULL) - (y->text == NULL);
	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return strcmp(x->text, y->text);
}

int rules_check_finish(struct rules_check *c)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < c->nrules; i++) {
		rc = find_shadow(c, i);
		if (rc == 0 && c->nsamples > 0)
			rc = take_time(c, i);
	}
	qsort(c->groups, GROUPS_MAX, sizeof(*c->groups), by_number);
	qsort(c->decided, GROUPS_MAX, sizeof(*c->decided), by_number);
	return rc;
}

unsigned rules_check_problems(const struct rules_check *c, size_t i)
{
	const struct rule_stat *s = &c->rules[i];
	struct rules_rule rule, by;
	unsigned ret = 0;
	rules_rule(c->o->rules, i, &rule);
	if (s->hits == 0 && c->bounces + c->complaints > 0)
		ret |= RULE_NEVER;
	if (s->by_text || (s->hits == 0 && s->preempted > 0)) {
		rules_rule(c->o->rules, s->by - 1, &by);
		ret |= RULE_SHADOWED | (by.verdict != rule.verdict ? RULE_CONFLICT : 0);
	}
	if (rule.verdict == RULES_HARD && s->hits >= SUSPECT_LEAST && 2 * s->blamed > s->hits)
		ret |= RULE_SUSPECT;
	return ret | (s->slow ? RULE_SLOW : 0);
}

/* ---- suggestions ---- */

static bool is_word(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((p[i] >= 'a' && p[i] <= 'z') || (p[i] == '\'' && i > 0)))
			return false;
	return len > 0;
}

/* Returns true if a text with another verdict contains the words. */
static bool elsewhere(const struct rules_check *c, const struct group *g, const char *words)
{
	for (size_t i = 0; i < c->ndecided; i++)
		if (c->decided[i].verdict != g->verdict && strstr(c->decided[i].text, words))
			return true;
	for (size_t i = 0; i < c->ngroups; i++)
		if (c->groups[i].verdict != g->verdict && strstr(c->groups[i].text, words))
			return true;
	return false;
}

/* Returns true if the words are in the text itself, not only in its normalised form. */
static bool stands_in(const char *example, const char *words)
{
	char folded[RULES_TEXT_MAX + 1];
	rules_folded(slice_of(example), folded);
	return strcasestr(folded, words) != NULL;
}

/* Returns the length of the longest run of plain words that begins at p. */
static size_t run_at(const char *p)
{
	size_t len = 0;
	while (p[len]) {
		size_t word = strcspn(p + len, " ");
		if (!is_word(p + len, word))
			break;
		len += word;
		if (p[len] != ' ')
			break;
		len++;
	}
	return len > 0 && p[len - 1] == ' ' ? len - 1 : len;
}

/* Suggests only whole runs: a part of a run would match more texts. */
bool rules_check_suggest(const struct rules_check *c, const struct group *g, char *ret, size_t size)
{
	char best[TEXT_SIZE] = "";
	for (const char *p = g->text; *p; p += strcspn(p, " ") + (p[strcspn(p, " ")] == ' ')) {
		char words[TEXT_SIZE];
		size_t len = run_at(p);
		if (len <= strlen(best) || len < 6)
			continue;
		(void)snprintf(words, sizeof(words), "%.*s", (int)len, p);
		if (!elsewhere(c, g, words) && stands_in(g->example, words))
			memcpy(best, words, sizeof(best));
	}
	if (!*best)
		return false;
	(void)snprintf(ret, size, "# %s==>%s", best,
	               g->verdict == RULES_UNKNOWN ? "Hard or Soft?"
	                                           : rules_verdict_title(g->verdict));
	return true;
}
