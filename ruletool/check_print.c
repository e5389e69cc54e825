#include "ruletool/check_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json_writer.h"
#include "base/units.h"
#include "ruletool/load.h"

#define LINE_MAX_SHOWN 100

static void shown(const struct rules_check *c, const char *text, char *ret, size_t size)
{
	size_t len = strlen(text);
	bool cut = !c->o->raw && len > 4 * LINE_MAX_SHOWN;
	ruletool_text(c->o, (struct slice){text, cut ? 4 * LINE_MAX_SHOWN : len}, ret, size);
}

static double percent(uint64_t n, uint64_t of)
{
	return of ? 100.0 * (double)n / (double)of : 0;
}

/* ---- text ---- */

static void print_head(const struct rules_check *c)
{
	struct rules_view v;
	rules_view(c->o->rules, &v);
	(void)printf("rules: %zu of %zu file%s, %zu self-test%s passed, digest %s\n", v.rules,
	             v.files, units_s(v.files), v.tests, units_s(v.tests), v.digest);
	if (c->o->nargs == 0)
		return;
	(void)printf("rows: %" PRIu64 ", bounces %" PRIu64 ", complaints %" PRIu64
	             ", unreadable %" PRIu64 "\n",
	             c->rows, c->bounces, c->complaints, c->bad_rows);
	(void)printf("verdicts:");
	for (int i = 0; i < RULES_VERDICTS; i++)
		(void)printf(" %s %" PRIu64 " (%.1f %%)%s",
		             rules_verdict_name((enum rules_verdict)i), c->verdicts[i],
		             percent(c->verdicts[i], c->bounces + c->complaints),
		             i + 1 < RULES_VERDICTS ? "," : "");
	(void)printf("; not delivered %" PRIu64 "\n", c->withheld);
}

/* Prints the most frequent first; each one is removed from the copy. */
static void print_domains(const struct rule_stat *s)
{
	struct top_domains d = s->domains;
	for (int n = 0; n < TOP_DOMAINS; n++) {
		size_t best = 0;
		for (size_t i = 1; i < DOMAIN_SLOTS; i++)
			best = d.v[i].n > d.v[best].n ? i : best;
		if (d.v[best].n == 0)
			return;
		char clean[4 * sizeof(d.v[0].name)];
		const struct ruletool_options raw = {.raw = true};
		ruletool_text(&raw, slice_of(d.v[best].name), clean, sizeof(clean));
		(void)printf("%s%s %" PRIu64, n ? ", " : "  ", clean, d.v[best].n);
		d.v[best].n = 0;
	}
}

static void print_hits(const struct rules_check *c)
{
	if (c->o->nargs == 0)
		return;
	(void)printf("\n%10s  rule\n", "decides");
	for (size_t i = 0; i < c->nrules; i++) {
		struct rules_rule rule;
		rules_rule(c->o->rules, i, &rule);
		if (c->rules[i].hits == 0)
			continue;
		(void)printf("%10" PRIu64 "  %s:%u %s: %s", c->rules[i].hits, rule.file, rule.line,
		             rule.id, rules_verdict_name(rule.verdict));
		print_domains(&c->rules[i]);
		(void)printf("\n");
	}
}

static void print_problem(const struct rules_check *c, size_t i)
{
	const struct rule_stat *s = &c->rules[i];
	unsigned p = rules_check_problems(c, i);
	struct rules_rule rule, by;
	rules_rule(c->o->rules, i, &rule);
	if (p & RULE_SHADOWED) {
		rules_rule(c->o->rules, s->by - 1, &by);
		(void)printf("%s  %s:%u %s: %s:%u %s decides before it%s%s\n",
		             p & RULE_CONFLICT ? "conflict" : "shadowed", rule.file, rule.line,
		             rule.id, by.file, by.line, by.id,
		             s->by_text ? ", always" : " wherever it matched",
		             p & RULE_CONFLICT ? ", with another verdict" : "");
	} else if (p & RULE_NEVER) {
		(void)printf("never     %s:%u %s: matched nothing\n", rule.file, rule.line,
		             rule.id);
	}
	if (p & RULE_SUSPECT)
		(void)printf("suspect   %s:%u %s: is hard, but %.0f %% of the bounces it catches "
		             "blame the sender (5.7, spam or policy)\n",
		             rule.file, rule.line, rule.id, percent(s->blamed, s->hits));
	if (p & RULE_SLOW)
		(void)printf("slow      %s:%u %s: takes too long on these texts, or gives up\n",
		             rule.file, rule.line, rule.id);
}

static void print_problems(const struct rules_check *c)
{
	size_t n = 0;
	for (size_t i = 0; i < c->nrules; i++) {
		if (rules_check_problems(c, i) && n++ == 0)
			(void)printf("\nRules to review\n");
		print_problem(c, i);
	}
}

static void print_groups(const struct rules_check *c)
{
	if (c->unmatched == 0)
		return;
	(void)printf("\nBounces that no rule catches: %" PRIu64 " (%.1f %%) of %zu kind%s\n",
	             c->unmatched, percent(c->unmatched, c->bounces), c->ngroups,
	             units_s(c->ngroups));
	for (size_t i = 0; i < c->ngroups && i < c->o->top; i++) {
		const struct group *g = &c->groups[i];
		char line[4096], suggestion[512];
		shown(c, g->text, line, sizeof(line));
		(void)printf("%10" PRIu64 "  %s\n            such as: ", g->n, line);
		shown(c, g->example, line, sizeof(line));
		(void)printf("%s\n            now %s by %s\n", line, rules_verdict_name(g->verdict),
		             g->id);
		if (rules_check_suggest(c, g, suggestion, sizeof(suggestion)))
			(void)printf("            %s\n", suggestion);
	}
	if (c->ungrouped > 0)
		(void)printf("%10" PRIu64 "  of other kinds, not listed\n", c->ungrouped);
}

void rules_check_print(const struct rules_check *c)
{
	print_head(c);
	print_hits(c);
	print_problems(c);
	print_groups(c);
}

/* ---- JSON ---- */

struct check_json {
	struct json_writer w;
	const struct rules_check *c;
};

static void json_shown(struct check_json *j, const char *name, const char *text)
{
	char line[4 * RULES_TEXT_MAX];
	shown(j->c, text, line, sizeof(line));
	json_string(&j->w, name, line);
}

static void json_domains(struct check_json *j, const struct rule_stat *s)
{
	const struct ruletool_options raw = {.raw = true};
	json_open(&j->w, "domains", '{');
	for (size_t d = 0; d < DOMAIN_SLOTS; d++) {
		char name[4 * sizeof(s->domains.v[0].name)];
		if (s->domains.v[d].n == 0)
			continue;
		ruletool_text(&raw, slice_of(s->domains.v[d].name), name, sizeof(name));
		json_count(&j->w, name, s->domains.v[d].n);
	}
	json_close(&j->w, '}');
}

static void json_problems(struct check_json *j, unsigned problems)
{
	static const char *const names[] = {"never", "shadowed", "conflict", "suspect", "slow"};
	json_open(&j->w, "problems", '[');
	for (size_t k = 0; k < 5; k++) {
		if (problems >> k & 1)
			json_string(&j->w, NULL, names[k]);
	}
	json_close(&j->w, ']');
}

static void json_rule(struct check_json *j, size_t i)
{
	const struct rule_stat *s = &j->c->rules[i];
	unsigned p = rules_check_problems(j->c, i);
	struct rules_rule rule, by;
	rules_rule(j->c->o->rules, i, &rule);
	json_open(&j->w, NULL, '{');
	json_shown(j, "file", rule.file);
	json_count(&j->w, "line", rule.line);
	json_shown(j, "id", rule.id);
	json_string(&j->w, "verdict", rules_verdict_name(rule.verdict));
	json_count(&j->w, "decides", s->hits);
	json_count(&j->w, "preempted", s->preempted);
	json_domains(j, s);
	json_problems(j, p);
	if (p & RULE_SHADOWED) {
		rules_rule(j->c->o->rules, s->by - 1, &by);
		json_shown(j, "shadowedBy", by.id);
	}
	json_close(&j->w, '}');
}

static void json_group(struct check_json *j, const struct group *g)
{
	char suggestion[512];
	json_open(&j->w, NULL, '{');
	json_count(&j->w, "count", g->n);
	json_shown(j, "text", g->text);
	json_shown(j, "example", g->example);
	json_string(&j->w, "verdict", rules_verdict_name(g->verdict));
	json_string(&j->w, "rule", g->id);
	if (rules_check_suggest(j->c, g, suggestion, sizeof(suggestion)))
		json_shown(j, "suggestion", suggestion);
	json_close(&j->w, '}');
}

static void json_head(struct check_json *j)
{
	const struct rules_check *c = j->c;
	struct rules_view v;
	rules_view(c->o->rules, &v);
	json_string(&j->w, "digest", v.digest);
	json_count(&j->w, "files", v.files);
	json_count(&j->w, "tests", v.tests);
	json_count(&j->w, "rows", c->rows);
	json_count(&j->w, "bounces", c->bounces);
	json_count(&j->w, "complaints", c->complaints);
	json_count(&j->w, "unreadable", c->bad_rows);
	json_count(&j->w, "notDelivered", c->withheld);
	json_open(&j->w, "verdicts", '{');
	for (int i = 0; i < RULES_VERDICTS; i++)
		json_count(&j->w, rules_verdict_name((enum rules_verdict)i), c->verdicts[i]);
	json_close(&j->w, '}');
}

void rules_check_json(const struct rules_check *c)
{
	struct check_json j = {.w = {.out = stdout}, .c = c};
	json_open(&j.w, NULL, '{');
	json_head(&j);
	json_open(&j.w, "rules", '[');
	for (size_t i = 0; i < c->nrules; i++)
		json_rule(&j, i);
	json_close(&j.w, ']');
	json_open(&j.w, "unmatched", '{');
	json_count(&j.w, "rows", c->unmatched);
	json_count(&j.w, "kinds", c->ngroups);
	json_count(&j.w, "ungrouped", c->ungrouped);
	json_open(&j.w, "groups", '[');
	for (size_t i = 0; i < c->ngroups && i < c->o->top; i++)
		json_group(&j, &c->groups[i]);
	json_close(&j.w, ']');
	json_close(&j.w, '}');
	json_close(&j.w, '}');
	(void)putchar('\n');
}
