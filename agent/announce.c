#include "agent/announce.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/impl.h"
#include "base/units.h"
#include "service/notify.h"

#define STATUS_SIZE 512

/* ---- while running ---- */

static void say_left_out(unsigned long left_out)
{
	if (left_out > 0)
		log_warning("%lu similar line%s omitted; 'pmta-shipper status' shows the current "
		            "state",
		            left_out, units_s(left_out));
}

void announce_note(struct agent *a, enum log_level level, const char *text)
{
	unsigned long left_out;
	if (!log_burst(&a->announce.note_limit, a->now_ms, &left_out))
		return;
	say_left_out(left_out);
	if (level == LOG_LEVEL_ERROR)
		log_error("%s", text);
	else if (level == LOG_LEVEL_WARNING)
		log_warning("%s", text);
	else
		log_info("%s", text);
}

/* ---- to the service manager ---- */

/* After installing the package, people look at `systemctl status`. */
static void words_of_setup(const struct agent *a, char ret[STATUS_SIZE])
{
	size_t idle = 0, n = a->conf->nendpoints;
	for (size_t i = 0; i < n && !a->options.dry_run; i++)
		idle += a->conf->endpoints[i].url[0] == '\0';
	if (idle == 0)
		(void)snprintf(ret, STATUS_SIZE, "running");
	else if (idle == n)
		(void)snprintf(ret, STATUS_SIZE,
		               "idle: not configured yet, set url in %s and reload", a->conf->path);
	else
		(void)snprintf(ret, STATUS_SIZE,
		               "running; %zu of %zu endpoints %s not configured yet", idle, n,
		               idle == 1 ? "is" : "are");
}

/* The worst obstacle to delivery, and how many endpoints are affected. */
static void words_of_state(const struct agent *a, char ret[STATUS_SIZE])
{
	static const unsigned char badness[] = {
	        [SHIP_PAUSED] = 1, [SHIP_RETRYING] = 2, [SHIP_HELD] = 3, [SHIP_OK] = 0};
	struct ship_status s, shown = {0};
	size_t at = 0, failing = 0;
	unsigned worst = 0;
	for (size_t i = 0; i < a->conf->nendpoints; i++) {
		ship_status(a->ship, i, &s);
		failing += badness[s.state] > 0;
		if (badness[s.state] > worst) {
			worst = badness[s.state];
			shown = s;
			at = i;
		}
	}
	if (a->commit.degraded)
		(void)snprintf(ret, STATUS_SIZE,
		               "the store in %s cannot be written: nothing new is "
		               "sent, trying again every second",
		               a->conf->state_dir);
	else if (a->commit.dead_full)
		(void)snprintf(ret, STATUS_SIZE,
		               "the limit of dead letters is reached: reading stops");
	else if (worst == 0)
		words_of_setup(a, ret);
	else
		(void)snprintf(ret, STATUS_SIZE, "%s: endpoint %s%s%s (%zu of %zu endpoint%s)",
		               ship_state_name(shown.state), a->conf->endpoints[at].name,
		               shown.last_error[0] ? ": " : "", shown.last_error, failing,
		               a->conf->nendpoints, units_s(a->conf->nendpoints));
}

/* True only when a state changed: the text of an error may differ from one try to the next. */
static bool state_changed(struct agent *a)
{
	uint64_t state = 1 + 2 * a->commit.degraded + 4 * a->commit.dead_full;
	struct ship_status s;
	for (size_t i = 0; i < a->conf->nendpoints; i++) {
		ship_status(a->ship, i, &s);
		state = state * 1000003 + s.state;
	}
	bool changed = state != a->announce.state;
	a->announce.state = state;
	return changed;
}

static void say_ready(struct agent *a)
{
	char text[STATUS_SIZE];
	(void)state_changed(a);
	words_of_state(a, text);
	notify_ready(text);
}

void announce_state(struct agent *a)
{
	char text[STATUS_SIZE];
	unsigned long left_out;
	/*
	 * The omitted lines may be the last for hours.  Ask only when there is room again: asking
	 * too early would itself be counted as a line.
	 */
	if (a->announce.note_limit.left_out > 0 &&
	    a->now_ms - a->announce.note_limit.since_ms >= 1000 &&
	    log_burst(&a->announce.note_limit, a->now_ms, &left_out))
		say_left_out(left_out);
	if (a->stopping || a->reload.under_way || !state_changed(a))
		return;
	words_of_state(a, text);
	notify_status(text);
}

/* ---- at the start and at the end ---- */

/* Each start logs how many files are not read, because somebody may look for them. */
static void say_passed(const struct conf_source *c, size_t files)
{
	if (files > 0)
		log_info("source \"%s\": %zu file%s from before the first start will not be read",
		         c->name, files, units_s(files));
}

static void say_sources(const struct agent *a)
{
	for (size_t i = 0; i < a->conf->nsources; i++) {
		const struct conf_source *c = &a->conf->sources[i];
		struct tail_status s;
		tailer_status(a->tailer, i, &s);
		if (s.file[0])
			log_info("source \"%s\": \"%s\", \"%s\" at byte %" PRIu64 " of %" PRIu64
			         ", %zu file%s known, %" PRIu64 " byte%s behind",
			         c->name, c->acct_file, s.file, s.offset, s.size, s.files_known,
			         units_s(s.files_known), s.behind_bytes, units_s(s.behind_bytes));
		else
			log_info("source \"%s\": \"%s\", no file yet, waiting for one", c->name,
			         c->acct_file);
		say_passed(c, s.files_passed);
	}
}

static void say_unconfigured(const struct agent *a)
{
	for (size_t i = 0; i < a->conf->nendpoints; i++) {
		if (!a->conf->endpoints[i].url[0])
			log_warning(
			        "endpoint \"%s\": not configured yet (url is empty): idle, nothing "
			        "is sent; set url in \"%s\" and reload",
			        a->conf->endpoints[i].name, a->conf->path);
	}
}

static void say_rules(const struct agent *a)
{
	struct rules_view v;
	if (!a->rules && a->conf->rules.n > 0)
		log_warning("rules: no file matches: records get no verdict");
	if (!a->rules)
		return;
	rules_view(a->rules, &v);
	log_info("rules: %zu of %zu file%s, %zu self-test%s passed, digest %s", v.rules, v.files,
	         units_s(v.files), v.tests, units_s(v.tests), v.digest);
}

void announce_start(struct agent *a)
{
	char digest[HASH_HEX_SIZE];
	conf_digest(a->conf, digest);
	log_info("pmta-shipper %s started with \"%s\" (digest %s); sources: %zu, endpoints: %zu%s",
	         VERSION, a->conf->path, digest, a->conf->nsources, a->conf->nendpoints,
	         a->options.dry_run ? ", dry run: nothing is sent" : "");
	say_rules(a);
	say_sources(a);
	say_unconfigured(a);
	say_ready(a);
}

void announce_reloaded(struct agent *a)
{
	char digest[HASH_HEX_SIZE];
	conf_digest(a->conf, digest);
	log_info("reload: done (digest %s); sources: %zu, endpoints: %zu", digest,
	         a->conf->nsources, a->conf->nendpoints);
	say_rules(a);
	say_ready(a);
}

void announce_stop(const struct agent *a)
{
	struct tally total = {0};
	uint64_t requests = 0, behind = 0;
	size_t unanswered = ship_flying_records(a->ship);
	for (size_t i = 0; i < a->conf->nsources; i++) {
		struct tail_status s;
		tailer_status(a->tailer, i, &s);
		tally_add(&total, &s.tally);
		behind += s.behind_bytes;
	}
	for (size_t i = 0; i < a->conf->nendpoints; i++) {
		struct ship_status s;
		ship_status(a->ship, i, &s);
		requests += s.meter.requests;
	}
	if (unanswered > 0)
		log_warning("%zu record%s in flight and unanswered: %s may be delivered again "
		            "after the next start",
		            unanswered, unanswered == 1 ? " was" : "s were",
		            unanswered == 1 ? "it" : "they");
	log_info("stopped: %" PRIu64 " row%s read in all, %" PRIu64 " acknowledged, %" PRIu64
	         " dead letter%s made, %" PRIu64 " skipped, %" PRIu64 " ignored; ran for %" PRId64
	         " s, %" PRIu64 " request%s, %" PRIu64 " byte%s behind",
	         total.rows, units_s(total.rows), total.acked, total.dead, units_s(total.dead),
	         total.skipped, total.ignored, (a->now_ms - a->started_ms) / 1000, requests,
	         units_s(requests), behind, units_s(behind));
}
