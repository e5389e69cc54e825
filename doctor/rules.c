/* Checks that the agent would accept the bounce rules at its start. */
#include "base/units.h"
#include "doctor/checks.h"
#include "rules/judge.h"

static void tell_mistake(const struct file_mistake *m, void *arg)
{
	const struct doctor *d = arg;
	finding_tell(&d->to, FINDING_PROBLEM, "rules", "%s", m->line);
}

void doctor_rules(const struct doctor *d)
{
	struct rules *rules;
	struct rules_view v;
	if (d->conf->rules.n == 0) {
		finding_tell(&d->to, FINDING_OK, "rules", "none are configured");
		return;
	}
	if (rules_load(&rules, &d->conf->rules, tell_mistake, (void *)d) < 0)
		return;
	if (!rules) {
		finding_tell(&d->to, FINDING_WARNING, "rules",
		             "no file matches: records get no verdict");
		return;
	}
	rules_view(rules, &v);
	finding_tell(&d->to, FINDING_OK, "rules", "%zu rule%s, %zu self-test%s passed", v.rules,
	             units_s(v.rules), v.tests, units_s(v.tests));
	(void)rules_free(rules);
}
