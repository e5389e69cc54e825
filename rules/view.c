/* Counters and properties of a set of rules. */
#include <stdio.h>
#include <string.h>

#include "rules/impl.h"

void rules_count(struct rules *r, const struct rules_result *result)
{
	if (result->silent)
		return;
	if (result->rule >= 0)
		r->v[result->rule].hits++;
	if (result->rule >= 0)
		r->v[r->v[result->rule].first].id_hits++;
	else
		r->builtin_hits[result->builtin]++;
	r->withheld += !result->deliver;
	if (result->counted)
		r->judged[result->verdict]++;
	else
		r->uncounted++;
}

void rules_view(const struct rules *r, struct rules_view *ret)
{
	*ret = (struct rules_view){.files = r->nfiles,
	                           .rules = r->n,
	                           .tests = r->nself_tests,
	                           .withheld = r->withheld,
	                           .uncounted = r->uncounted,
	                           .limits = matcher_limits(r->matcher)};
	memcpy(ret->digest, r->digest, sizeof(ret->digest));
	memcpy(ret->judged, r->judged, sizeof(ret->judged));
}

static uint64_t test_memory(const struct test *t)
{
	uint64_t total = sizeof(*t) + t->pattern.len;
	for (size_t i = 0; i < t->nbranches; i++)
		total += sizeof(t->branches[i]) + regex_size(t->branches[i].regex);
	return total;
}

uint64_t rules_memory(const struct rules *r)
{
	uint64_t total = 0;
	if (!r)
		return 0;
	for (size_t i = 0; i < r->n; i++) {
		const struct rule *rule = &r->v[i];
		total += sizeof(*rule) + strlen(rule->source) + RULES_ID_MAX;
		total += rule->nconditions * (sizeof(*rule->conditions) + 64);
		for (size_t j = 0; j < rule->ntests; j++)
			total += test_memory(&rule->tests[j]);
	}
	total += r->nliterals * (sizeof(struct slice) + sizeof(struct trigger) + 64);
	return total + sizeof(*r) + memo_size() + prefilter_size(r->prefilter) + 2 * matcher_size();
}

size_t rules_number(const struct rules *r)
{
	return r->n;
}

static bool is_literal(const struct rule *rule)
{
	return rule->octeth && rule->ntests == 1 && rule->nconditions == 0;
}

void rules_rule(const struct rules *r, size_t i, struct rules_rule *ret)
{
	const struct rule *rule = &r->v[i];
	const struct rules_file *file = &r->files[rule->file];
	*ret = (struct rules_rule){
	        .file = file->name,
	        .path = file->path,
	        .line = rule->line,
	        .id = rule->id,
	        .source = slice_of(rule->source),
	        .verdict = rule->verdict,
	        .action = rule->action ? rule->action->name : "",
	        .literal = is_literal(rule),
	        .conditional = rule->nconditions > 0 || rule->ntests > 1,
	        .feedback = rule->feedback,
	        .deliver = !rule->action || rule->action->deliver,
	        .hits = rule->hits,
	        .id_hits = rule->id_hits,
	};
}

size_t rules_literals(const struct rules *r, size_t i, const struct slice **ret)
{
	const struct rule *rule = &r->v[i];
	if (rule->nconditions > 0 || rule->ntests != 1 || rule->tests[0].negate ||
	    rule->tests[0].nbranches > 0)
		return 0;
	*ret = rule->tests[0].texts.v;
	return rule->tests[0].texts.n;
}

void rules_each_builtin(const struct rules *r, rules_builtin_fn *fn, void *arg)
{
	for (size_t i = 0; i < builtin_count(); i++)
		if (r->builtin_hits[i] > 0)
			fn(builtin_id(i), builtin_verdict(i), r->builtin_hits[i], arg);
}
