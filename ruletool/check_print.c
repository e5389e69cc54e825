#include "ruletool/check_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

/* The most frequent first; each is taken out of the copy. */
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
		             rule.id, rules_verdict_name(rule.said));
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
		             p & RULE_CONFLICT ? ", and says otherwise" : "");
	} else if (p & RULE_NEVER) {
		(void)printf("never     %s:%u %s: matched nothing\n", rule.file, rule.line,
		             rule.id);
	}
	if (p & RULE_SUSPECT)
		(void)printf("suspect   %s:%u %s: says hard, but %.0f %% of what it catches blames "
		             "the sender (5.7, spam or policy)\n",
		             rule.file, rule.line, rule.id, percent(s->blamed, s->hits));
	if (p & RULE_SLOW)
		(void)printf("slow      %s:%u %s: takes long on these texts, or gives up\n",
		             rule.file, rule.line, rule.id);
}

static void print_problems(const struct rules_check *c)
{
	size_t n = 0;
	for (size_t i = 0; i < c->nrules; i++) {
		if (rules_check_problems(c, i) && n++ == 0)
			(void)printf("\nRules to look at\n");
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
		(void)printf("%s\n            now %s by %s\n", line, rules_verdict_name(g->said),
		             g->id);
		if (rules_check_suggest(c, g, suggestion, sizeof(suggestion)))
			(void)printf("            %s\n", suggestion);
	}
	if (c->ungrouped > 0)
		(void)printf("%10" PRIu64 "  of other kinds, not kept apart\n", c->ungrouped);
}

void rules_check_print(const struct rules_check *c)
{
	print_head(c);
	print_hits(c);
	print_problems(c);
	print_groups(c);
}

/* ---- JSON ---- */

static void json_text(const char *name, const char *text)
{
	(void)printf("\"%s\":\"", name);
	for (const char *p = text; *p; p++)
		(void)printf(*p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
	(void)printf("\"");
}

static void json_clean(const struct rules_check *c, const char *name, const char *text)
{
	char line[4 * RULES_TEXT_MAX];
	shown(c, text, line, sizeof(line));
	json_text(name, line);
}

static void json_domains(const struct rule_stat *s)
{
	const struct ruletool_options raw = {.raw = true};
	const char *comma = "";
	for (size_t d = 0; d < DOMAIN_SLOTS; d++) {
		char name[4 * sizeof(s->domains.v[0].name)];
		if (s->domains.v[d].n == 0)
			continue;
		ruletool_text(&raw, slice_of(s->domains.v[d].name), name, sizeof(name));
		(void)printf("%s\"", comma);
		for (const char *p = name; *p; p++)
			(void)printf(*p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
		(void)printf("\":%" PRIu64, s->domains.v[d].n);
		comma = ",";
	}
}

static void json_rule(const struct rules_check *c, size_t i)
{
	static const char *const names[] = {"never", "shadowed", "conflict", "suspect", "slow"};
	const struct rule_stat *s = &c->rules[i];
	unsigned p = rules_check_problems(c, i);
	struct rules_rule rule, by;
	rules_rule(c->o->rules, i, &rule);
	(void)printf("%s{", i ? "," : "");
	json_clean(c, "file", rule.file);
	(void)printf(",\"line\":%u,", rule.line);
	json_clean(c, "id", rule.id);
	(void)printf(",");
	json_text("verdict", rules_verdict_name(rule.said));
	(void)printf(",\"decides\":%" PRIu64 ",\"preempted\":%" PRIu64 ",\"domains\":{", s->hits,
	             s->preempted);
	json_domains(s);
	(void)printf("},\"problems\":[");
	for (size_t k = 0, n = 0; k < 5; k++)
		if (p >> k & 1)
			(void)printf("%s\"%s\"", n++ ? "," : "", names[k]);
	(void)printf("]");
	if (p & RULE_SHADOWED) {
		rules_rule(c->o->rules, s->by - 1, &by);
		(void)printf(",");
		json_clean(c, "shadowedBy", by.id);
	}
	(void)printf("}");
}

static void json_group(const struct rules_check *c, size_t i)
{
	const struct group *g = &c->groups[i];
	char suggestion[512];
	(void)printf("%s{\"count\":%" PRIu64 ",", i ? "," : "", g->n);
	json_clean(c, "text", g->text);
	(void)printf(",");
	json_clean(c, "example", g->example);
	(void)printf(",");
	json_text("verdict", rules_verdict_name(g->said));
	(void)printf(",");
	json_text("rule", g->id);
	if (rules_check_suggest(c, g, suggestion, sizeof(suggestion))) {
		(void)printf(",");
		json_clean(c, "suggestion", suggestion);
	}
	(void)printf("}");
}

void rules_check_json(const struct rules_check *c)
{
	struct rules_view v;
	rules_view(c->o->rules, &v);
	(void)printf("{\"digest\":\"%s\",\"files\":%zu,\"tests\":%zu,\"rows\":%" PRIu64
	             ",\"bounces\":%" PRIu64 ",\"complaints\":%" PRIu64 ",\"unreadable\":%" PRIu64
	             ",\"notDelivered\":%" PRIu64 ",\"verdicts\":{",
	             v.digest, v.files, v.tests, c->rows, c->bounces, c->complaints, c->bad_rows,
	             c->withheld);
	for (int i = 0; i < RULES_VERDICTS; i++)
		(void)printf("%s\"%s\":%" PRIu64, i ? "," : "",
		             rules_verdict_name((enum rules_verdict)i), c->verdicts[i]);
	(void)printf("},\"rules\":[");
	for (size_t i = 0; i < c->nrules; i++)
		json_rule(c, i);
	(void)printf("],\"unmatched\":{\"rows\":%" PRIu64 ",\"kinds\":%zu,\"ungrouped\":%" PRIu64
	             ",\"groups\":[",
	             c->unmatched, c->ngroups, c->ungrouped);
	for (size_t i = 0; i < c->ngroups && i < c->o->top; i++)
		json_group(c, i);
	(void)printf("]}}\n");
}
