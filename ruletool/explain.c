/* rules explain: shows every step from a text to its verdict. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cli/cli.h"
#include "ruletool/load.h"

struct explain {
	const struct ruletool_options *o;
	const struct rules_fields *fields;
	struct rules_result first;
	size_t matches;
	int rc;
};

static void print_text(const struct explain *e, const char *name, struct slice text)
{
	char clean[4 * RULES_TEXT_MAX];
	ruletool_text(e->o, text, clean, sizeof(clean));
	(void)printf("%-8s %s\n", name, clean);
}

static void print_match(struct explain *e, const struct rules_result *r)
{
	const char *step = e->matches == 0 ? "match" : "later";
	char found[RULES_WHY_SIZE] = "", clean[4 * RULES_WHY_SIZE];
	if (r->silent) {
		(void)printf("%-8s no rule for complaints of this type\n", step);
		return;
	}
	if (r->rule < 0) {
		(void)printf("%-8s %s: %s\n", step, r->id, rules_verdict_name(r->unmapped));
		return;
	}
	e->rc = rules_matched(e->o->rules, e->fields, r, found);
	struct rules_rule rule;
	rules_rule(e->o->rules, (size_t)r->rule, &rule);
	(void)printf("%-8s %s:%u id=%s: %s", step, rule.file, rule.line, r->id,
	             rules_verdict_name(r->unmapped));
	if (*found) {
		ruletool_text(e->o, slice_of(found), clean, sizeof(clean));
		(void)printf(", by \"%s\"", clean);
	}
	(void)printf("\n");
}

static int on_match(const struct rules_result *r, void *arg)
{
	struct explain *e = arg;
	print_match(e, r);
	if (e->matches++ == 0)
		e->first = *r;
	return e->rc;
}

static uint64_t limits(const struct explain *e)
{
	struct rules_view v;
	rules_view(e->o->rules, &v);
	return v.limits;
}

/* Prints the rules that exceeded their steps and so do not match.  Each is tried alone. */
static int print_given_up(const struct explain *e)
{
	for (size_t i = 0; i < rules_number(e->o->rules); i++) {
		struct rules_rule rule;
		uint64_t before = limits(e);
		if (rules_try(e->o->rules, i, e->fields) < 0)
			return -ENOMEM;
		if (limits(e) == before)
			continue;
		rules_rule(e->o->rules, i, &rule);
		(void)printf("%-8s %s:%u id=%s: %s if it matched; too many steps for this text\n",
		             "gave up", rule.file, rule.line, rule.id,
		             rules_verdict_name(rule.verdict));
	}
	return 0;
}

static void print_verdict(const struct explain *e)
{
	const struct rules_result *r = &e->first;
	if (r->silent) {
		(void)printf("verdict  none; delivered unchanged\n");
		return;
	}
	(void)printf("verdict  %s, rule %s", rules_verdict_title(r->verdict), r->id);
	if (r->verdict != r->unmapped)
		(void)printf(", %%map %s=%s", rules_verdict_name(r->unmapped),
		             rules_verdict_name(r->verdict));
	if (*r->action)
		(void)printf(", action %s", r->action);
	(void)printf(r->deliver ? "; delivered%s\n" : "; not delivered%s\n",
	             r->counted ? "" : ", left out of the statistics");
}

static struct slice given(const char *text)
{
	return text ? slice_of(text) : SLICE_EMPTY;
}

static void print_head(const struct explain *e)
{
	char folded[RULES_TEXT_MAX + 1], status[16];
	struct rules_view v;
	rules_view(e->o->rules, &v);
	if (!e->fields->feedback) {
		print_text(e, "text", e->fields->diag);
		rules_folded(e->fields->diag, folded);
		if (strcmp(folded, e->fields->diag.text) != 0)
			print_text(e, "folded", slice_of(folded));
		rules_status(e->fields, status);
		(void)printf("status   %s%s\n", *status ? status : "none",
		             e->o->status ? " (given)"
		             : *status    ? " (from the text)"
		                          : "");
	}
	(void)printf("rules    %zu of %zu file%s, digest %s\n", v.rules, v.files, units_s(v.files),
	             v.digest);
}

int ruletool_explain(struct ruletool_options *o)
{
	if (o->nargs > 1 || (o->nargs == 0 && !o->feedback))
		return cli_usage("rules", "explain takes one TEXT, in quotes");
	int status = ruletool_load(o);
	if (status != 0)
		return status;
	const struct rules_fields fields = {
	        .feedback = o->feedback != NULL,
	        .diag = o->nargs ? slice_of(o->args[0]) : SLICE_EMPTY,
	        .status = given(o->status),
	        .cat = given(o->cat),
	        .domain = given(o->domain),
	        .mta = given(o->mx),
	        .action = given(o->action),
	        .feedback_type = given(o->feedback),
	};
	struct explain e = {.o = o, .fields = &fields};
	print_head(&e);
	uint64_t before = limits(&e);
	int rc = rules_each_match(o->rules, &fields, on_match, &e);
	if (rc == 0 && limits(&e) > before)
		rc = print_given_up(&e);
	if (rc < 0)
		return cli_failed("out of memory");
	print_verdict(&e);
	return 0;
}
