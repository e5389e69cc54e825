#include "status/rules.h"

#include <inttypes.h>

#include "base/units.h"

void rules_status_text(FILE *f, const struct rules *r)
{
	struct rules_view v;
	if (!r)
		return;
	rules_view(r, &v);
	(void)fprintf(f, "rules: %zu of %zu file%s, digest %s\n  judged:", v.rules, v.files,
	              units_s(v.files), v.digest);
	for (int i = 0; i < RULES_VERDICTS; i++)
		(void)fprintf(f, " %s %" PRIu64 ",", rules_verdict_name((enum rules_verdict)i),
		              v.judged[i]);
	(void)fprintf(f, " not counted %" PRIu64 "; not delivered %" PRIu64 "\n", v.uncounted,
	              v.withheld);
	if (v.limits > 0)
		(void)fprintf(f,
		              "  %" PRIu64
		              " time%s a rule was given up because it took too many steps; "
		              "'pmta-shipper rules check' names slow rules\n",
		              v.limits, units_s(v.limits));
}

void rules_status_json(struct json_writer *w, const struct rules *r)
{
	struct rules_view v = {.digest = ""};
	if (r)
		rules_view(r, &v);
	json_open(w, "rules", '{');
	json_string(w, "digest", v.digest);
	json_count(w, "files", v.files);
	json_count(w, "rules", v.rules);
	for (int i = 0; i < RULES_VERDICTS; i++)
		json_count(w, rules_verdict_name((enum rules_verdict)i), v.judged[i]);
	json_count(w, "notCounted", v.uncounted);
	json_count(w, "notDelivered", v.withheld);
	json_count(w, "givenUp", v.limits);
	json_close(w, '}');
}

/* ---- metrics, in Prometheus' text format ---- */

static void family(FILE *f, const char *name, const char *type, const char *help)
{
	(void)fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void label(FILE *f, const char *text)
{
	for (; *text; text++)
		(void)fprintf(f, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
}

static void builtin(const char *id, enum rules_verdict verdict, uint64_t hits, void *arg)
{
	(void)verdict;
	(void)fprintf(arg, "pmta_shipper_bounce_rule_total{rule=\"%s\"} %" PRIu64 "\n", id, hits);
}

/* Only rules that have decided a record: thousands of zeros would be of no use. */
static void each_rule(FILE *f, const struct rules *r)
{
	struct rules_rule rule;
	for (size_t i = 0; i < rules_number(r); i++) {
		rules_rule(r, i, &rule);
		if (rule.id_hits == 0)
			continue;
		(void)fprintf(f, "pmta_shipper_bounce_rule_total{rule=\"");
		label(f, rule.id);
		(void)fprintf(f, "\"} %" PRIu64 "\n", rule.id_hits);
	}
	rules_each_builtin(r, builtin, f);
}

void rules_metrics(FILE *f, const struct rules *r)
{
	struct rules_view v;
	if (!r)
		return;
	rules_view(r, &v);
	family(f, "pmta_shipper_rules_info", "gauge",
	       "Always 1; the digest of the bounce rules in force.");
	(void)fprintf(f, "pmta_shipper_rules_info{digest=\"%s\"} 1\n", v.digest);
	family(f, "pmta_shipper_bounce_verdict_total", "counter",
	       "Records judged since the rules were loaded, by verdict.");
	for (int i = 0; i < RULES_VERDICTS; i++)
		(void)fprintf(f, "pmta_shipper_bounce_verdict_total{verdict=\"%s\"} %" PRIu64 "\n",
		              rules_verdict_name((enum rules_verdict)i), v.judged[i]);
	family(f, "pmta_shipper_bounce_withheld_total", "counter",
	       "Records not delivered because of a rule.");
	(void)fprintf(f, "pmta_shipper_bounce_withheld_total %" PRIu64 "\n", v.withheld);
	family(f, "pmta_shipper_rule_given_up_total", "counter",
	       "Matches given up because they took too many steps.");
	(void)fprintf(f, "pmta_shipper_rule_given_up_total %" PRIu64 "\n", v.limits);
	family(f, "pmta_shipper_bounce_rule_total", "counter",
	       "Records decided by each rule, by its id; built-in rules included.");
	each_rule(f, r);
}
