/* rules export --octeth: prints rules that TEXT==>Hard and TEXT==>Soft can express. */
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cli/cli.h"
#include "ruletool/load.h"

#define OCTETH_MAX 255

static void refuse(const struct rules_rule *rule, const char *why, size_t *n)
{
	(void)fprintf(stderr, "%s:%u: %s: not expressible: %s\n", rule->file, rule->line, rule->id,
	              why);
	(*n)++;
}

static const char *why_not(const struct rules_rule *rule, enum rules_verdict v, size_t texts)
{
	if (rule->feedback)
		return "it is about complaints";
	if (v != RULES_HARD && v != RULES_SOFT)
		return "Octeth has only Hard and Soft (with '%map block=soft' a block would be "
		       "Soft)";
	if (!rule->deliver)
		return "it withholds the bounce";
	if (rule->conditional)
		return "it has conditions other than a text";
	return texts == 0 ? "it is a regular expression" : NULL;
}

static void export_rule(const struct ruletool_options *o, size_t i, size_t *refused)
{
	struct rules_rule rule;
	const struct slice *texts;
	rules_rule(o->rules, i, &rule);
	size_t n = rules_literals(o->rules, i, &texts);
	enum rules_verdict v = rules_mapped(o->rules, rule.verdict);
	const char *why = why_not(&rule, v, n);
	/* A single text is printed as written: its capitals make it easier to read. */
	const struct slice written = rule.source;
	if (!why && rule.literal)
		texts = &written;
	for (size_t k = 0; !why && k < n; k++)
		if (texts[k].len > OCTETH_MAX)
			why = "longer than 255 characters";
	if (why) {
		refuse(&rule, why, refused);
		return;
	}
	for (size_t k = 0; k < n; k++)
		(void)printf("%.*s==>%s\n", (int)texts[k].len, texts[k].text,
		             rules_verdict_title(v));
}

int ruletool_export(struct ruletool_options *o)
{
	size_t refused = 0;
	if (!o->octeth)
		return cli_usage("rules", "export needs --octeth");
	if (o->nargs > 0)
		return cli_usage("rules", "export takes no argument");
	int status = ruletool_load(o);
	if (status != 0)
		return status;
	for (size_t i = 0; i < rules_number(o->rules); i++)
		export_rule(o, i, &refused);
	if (refused > 0)
		(void)fprintf(stderr, "pmta-shipper rules: %zu of %zu rule%s %s not expressible\n",
		              refused, rules_number(o->rules), units_s(rules_number(o->rules)),
		              refused == 1 ? "is" : "are");
	return 0;
}
