/* What a run says of itself at its beginning, after a reload, and at its end. */
#include <inttypes.h>
#include <stdio.h>

#include "agent/agent.h"
#include "agent/verdict.h"

void say_rules(const struct agent *a)
{
	struct rules_view v;
	if (!a->rules && a->conf->rules.n > 0)
		log_warning("rules: no file is there that is named so: records get no verdict");
	if (!a->rules)
		return;
	rules_view(a->rules, &v);
	log_info("rules: %zu of %zu files, %zu self-tests passed, digest %s", v.rules, v.files,
	         v.tests, v.digest);
}

/* `systemctl status` is where somebody looks who has just installed the package. */
void tell_ready(const struct agent *a)
{
	char text[512];
	size_t idle = 0, n = a->conf->nendpoints;
	for (size_t i = 0; i < n && !a->dry_run; i++)
		idle += a->conf->endpoints[i].url[0] == '\0';
	if (idle == 0)
		(void)snprintf(text, sizeof(text), "running");
	else if (idle == n)
		(void)snprintf(text, sizeof(text),
		               "idle: not configured yet, set url in %s and reload", a->conf->path);
	else
		(void)snprintf(text, sizeof(text),
		               "running; %zu of %zu endpoints are not configured yet", idle, n);
	notify_ready(text);
}

void say_start(const struct agent *a)
{
	log_info("pmta-shipper %s started with \"%s\"; sources: %zu, endpoints: %zu%s", VERSION,
	         a->conf->path, a->conf->nsources, a->conf->nendpoints,
	         a->dry_run ? ", dry run: nothing is sent" : "");
	say_rules(a);
	for (size_t i = 0; i < a->conf->nsources; i++) {
		struct tail_status s;
		tailer_status(a->tailer, i, &s);
		log_info("source \"%s\": \"%s\", %zu files known, %" PRIu64 " bytes behind",
		         a->conf->sources[i].name, a->conf->sources[i].acct_file, s.files_known,
		         s.behind_bytes);
	}
	for (size_t i = 0; i < a->conf->nendpoints; i++) {
		if (!a->conf->endpoints[i].url[0])
			log_warning(
			        "endpoint \"%s\": not configured yet (url is empty): idle, nothing "
			        "is sent; set url in \"%s\" and reload",
			        a->conf->endpoints[i].name, a->conf->path);
	}
}

void say_stop(const struct agent *a)
{
	struct tally total = {0};
	size_t unanswered = ship_flying_records(a->ship);
	for (size_t i = 0; i < a->conf->nsources; i++) {
		struct tail_status s;
		tailer_status(a->tailer, i, &s);
		tally_add(&total, &s.tally);
	}
	if (unanswered > 0)
		log_warning(
		        "%zu records were in flight and unanswered: they may be delivered again "
		        "after the next start",
		        unanswered);
	log_info("stopped: %" PRIu64 " rows read in all, %" PRIu64 " acknowledged, %" PRIu64
	         " dead letters made, %" PRIu64 " skipped, %" PRIu64 " ignored",
	         total.rows, total.acked, total.dead, total.skipped, total.ignored);
}
