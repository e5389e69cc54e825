/* Checks of each endpoint: name, connection, TLS, answer, clock; one marked event if asked for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mask.h"
#include "base/scope.h"
#include "base/units.h"
#include "base/url.h"
#include "doctor/checks.h"
#include "doctor/probe.h"
#include "doctor/redirect.h"
#include "doctor/test_event.h"
#include "doctor/text.h"
#include "doctor/way.h"

#define EXPIRY_WARNING_DAYS 21
#define DAY_S 86400
#define SKEW_WARNING_MS 30000
#define SKEW_PROBLEM_MS 600000

struct look {
	const struct doctor *d;
	const struct ship_conf *e;
	char what[160];
};

/* ---- name and connection ---- */

static void tell_connection(const struct look *l, const struct probe *p)
{
	struct fix fix = {0};
	char peer[WAY_HOST_MAX];
	const char *key = *l->e->proxy ? "proxy" : "url";
	(void)way_peer(l->e, peer);
	if (p->end == PROBE_DNS)
		finding_fix(&l->d->to, FINDING_PROBLEM, l->what, way_resolve(l->e, &fix),
		            "the name %s was not resolved: %s; nothing can be delivered: check %s "
		            "and /etc/resolv.conf",
		            peer, p->failure, key);
	else if (p->end == PROBE_TCP)
		finding_fix(&l->d->to, FINDING_PROBLEM, l->what, way_curl(l->e, &fix),
		            "no connection to %s%s%s: %s; nothing is delivered until there is one: "
		            "check %s, the firewalls on the way, and that the %s runs",
		            peer, *p->address ? " at " : "", p->address, p->failure, key,
		            *l->e->proxy ? "proxy" : "receiver");
	else
		finding_tell(&l->d->to, FINDING_OK, l->what, "%s is %s, and accepts connections",
		             peer, *p->address ? p->address : "reachable");
}

/* ---- TLS ---- */

static void tell_certificate(const struct look *l, const struct probe *p)
{
	char date[DOCTOR_DATE_MAX];
	const struct certificate *c = &p->certificate;
	int64_t now = time(NULL);
	if (c->ends_s < now)
		finding_fix(&l->d->to, FINDING_PROBLEM, l->what, "renew it on the receiver",
		            "the receiver's certificate (%s) expired on %s: %s; nothing is lost "
		            "meanwhile",
		            c->subject, doctor_date(c->ends_s, date), p->failure);
	else if (c->begins_s > now)
		finding_fix(&l->d->to, FINDING_PROBLEM, l->what, "date -u",
		            "the receiver's certificate (%s) is not valid before %s: %s; the clock "
		            "of this host may be wrong",
		            c->subject, doctor_date(c->begins_s, date), p->failure);
	else
		finding_fix(&l->d->to, FINDING_PROBLEM, l->what,
		            "if its name is wrong: put the right host into url; if its issuer is "
		            "unknown: ca-file = \"the PEM file of that CA\"",
		            "TLS: the receiver's certificate (for %s, by %s) was refused: %s",
		            c->subject, c->issuer, p->failure);
}

static void tell_refused(const struct look *l, const struct probe *p)
{
	struct fix fix = {0};
	if (p->alert)
		finding_fix(
		        &l->d->to, FINDING_PROBLEM, l->what,
		        fix_line(&fix, "set client-cert and client-key in endpoint %s", l->e->name),
		        "the receiver ended TLS: %s; it may need a client certificate, or a "
		        "different one",
		        p->failure);
	else if (p->certified)
		tell_certificate(l, p);
	else
		finding_fix(&l->d->to, FINDING_PROBLEM, l->what, way_tls(l->e, &fix),
		            "TLS failed: %s", p->failure);
}

static void tell_tls(const struct look *l, const struct probe *p)
{
	char date[DOCTOR_DATE_MAX];
	if (!p->tls || p->end == PROBE_DNS || p->end == PROBE_TCP)
		return;
	if (p->end == PROBE_TLS) {
		tell_refused(l, p);
		return;
	}
	if (!p->certified) {
		finding_tell(&l->d->to, FINDING_OK, l->what,
		             "TLS: the certificate's chain and name are valid");
		return;
	}
	int64_t left = p->certificate.ends_s - time(NULL);
	(void)doctor_date(p->certificate.ends_s, date);
	if (left < (int64_t)EXPIRY_WARNING_DAYS * DAY_S)
		finding_fix(&l->d->to, FINDING_WARNING, l->what, "renew it on the receiver",
		            "TLS: the receiver's certificate (%s, by %s) expires in %lld day%s, on "
		            "%s",
		            p->certificate.subject, p->certificate.issuer,
		            (long long)(left / DAY_S), units_s((uint64_t)(left / DAY_S)), date);
	else
		finding_tell(&l->d->to, FINDING_OK, l->what,
		             "TLS: chain and name are valid; certificate of %s, by %s, until %s",
		             p->certificate.subject, p->certificate.issuer, date);
}

/* ---- the answer ---- */

/*
 * The agent's own judgement of an answer decides, so that doctor calls none good that the agent
 * would hold or retry.  A request without an event shows less than one with an event.
 */
static void tell_judged(const struct look *l, const struct outcome *o)
{
	struct fix fix = {0};
	const struct teller *to = &l->d->to;
	const char *try = l->d->send_test ? NULL
	                                  : doctor_command(l->d, "doctor", " --send-test", &fix);
	switch (o->kind) {
	case OUTCOME_ACCEPTED:
		finding_tell(to, FINDING_OK, l->what, "%s to a request without an event", o->words);
		break;
	case OUTCOME_REFUSED:
		if (o->code == 413)
			finding_fix(to, FINDING_PROBLEM, l->what, o->advice,
			            "%s to a request without a body: every event would be refused",
			            o->words);
		else
			finding_fix(
			        to, FINDING_INFO, l->what, try,
			        "%s: it refuses a request without an event, which shows nothing "
			        "about events",
			        o->words);
		break;
	case OUTCOME_PARTIAL:
		finding_fix(to, FINDING_INFO, l->what, try,
		            "%s: it reports failed events for a request without one", o->words);
		break;
	case OUTCOME_HELD:
		finding_fix(to, FINDING_PROBLEM, l->what, o->advice,
		            "%s; every event would be held", o->words);
		break;
	case OUTCOME_RETRY:
		if (o->code == 500)
			finding_fix(to, FINDING_WARNING, l->what, try,
			            "%s; some receivers answer this to a request without an event; "
			            "others are broken, and everything is retried",
			            o->words);
		else
			finding_fix(to, o->busy ? FINDING_WARNING : FINDING_PROBLEM, l->what,
			            o->advice, "%s; %severything is retried", o->words,
			            o->code <= 299 ? "the status is 2xx, but the receiver failed: "
			                           : "");
		break;
	}
}

static void tell_answer(const struct look *l, const struct probe *p)
{
	struct fix fix = {0};
	if (p->end == PROBE_NOTHING)
		finding_fix(&l->d->to, FINDING_PROBLEM, l->what, way_curl(l->e, &fix),
		            "connected, but no answer came: %s; requests are retried%s", p->failure,
		            p->tls && !*l->e->client_cert
		                    ? "; if it needs a client certificate: set client-cert and "
		                      "client-key"
		                    : "");
	else if (p->end == PROBE_ANSWERED && p->outcome.code >= 300 && p->outcome.code <= 399)
		redirect_look(l->d, l->e, l->what, p);
	else if (p->end == PROBE_ANSWERED)
		tell_judged(l, &p->outcome);
}

static void tell_clock(const struct look *l, const struct probe *p)
{
	if (p->end != PROBE_ANSWERED)
		return;
	if (p->date_ms == 0) {
		finding_tell(&l->d->to, FINDING_INFO, l->what,
		             "its answers have no Date header, so the clocks cannot be compared");
		return;
	}
	/* The header has whole seconds, and is older than the answer's arrival. */
	int64_t skew = p->answered_ms - p->date_ms, size = skew < 0 ? -skew : skew;
	enum finding_level level = size >= SKEW_PROBLEM_MS   ? FINDING_PROBLEM
	                           : size >= SKEW_WARNING_MS ? FINDING_WARNING
	                                                     : FINDING_OK;
	if (level == FINDING_OK)
		finding_tell(&l->d->to, level, l->what,
		             "its clock and the clock of this host agree");
	else
		finding_fix(&l->d->to, level, l->what,
		            "synchronise the clock of the host whose time is wrong (NTP)",
		            "this host's clock is %lld s %s the receiver's: certificates, times of "
		            "events and Retry-After dates are judged wrongly",
		            (long long)(size / 1000), skew < 0 ? "behind" : "ahead of");
}

/* ---- one marked event ---- */

static void print_block(const struct look *l, const char *name, const char *text, size_t len)
{
	size_t size = 3 * len + 4;
	scope_free char *masked = malloc(size + 1);
	if (!masked)
		return;
	masked[mask_addresses(text, len, masked)] = '\0';
	for (char *p = masked; *p; p++)
		if (*p == '\n')
			*p = *(p + 1) ? '|' : '\0';
	finding_tell(&l->d->to, FINDING_INFO, l->what, "%s: %s", name, masked);
}

static void tell_test(const struct look *l, const struct probe *p)
{
	enum outcome_kind kind = p->outcome.kind;
	static const struct {
		enum finding_level level;
		const char *means;
	} kinds[] = {
	        [OUTCOME_ACCEPTED] = {FINDING_OK, "the test event was accepted"},
	        [OUTCOME_PARTIAL] = {FINDING_WARNING, "the request was accepted, but the test "
	                                              "event in it failed at the receiver"},
	        [OUTCOME_REFUSED] = {FINDING_PROBLEM,
	                             "the test event was refused, as every event like it would be"},
	        [OUTCOME_HELD] = {FINDING_PROBLEM, "every event would be held"},
	        [OUTCOME_RETRY] = {FINDING_PROBLEM, "not accepted; the event would be retried"},
	};
	bool good = kind == OUTCOME_ACCEPTED;
	finding_fix(&l->d->to, kinds[kind].level, l->what, good ? NULL : p->outcome.advice,
	            "%s: %s", p->outcome.words, kinds[kind].means);
}

static void send_test(const struct look *l)
{
	scope_free char *event = NULL;
	struct err err = {0};
	struct probe p = {0};
	int rc = test_event_make(l->d->conf, l->e, &event);
	if (rc == 0)
		rc = probe_endpoint(l->e, slice_of(event), &p, &err);
	if (rc < 0) {
		finding_tell(&l->d->to, FINDING_PROBLEM, l->what, "the test event was not sent: %s",
		             err.text[0] ? err.text : strerror(-rc));
		return;
	}
	if (p.sent)
		print_block(l, "sent", p.sent, strlen(p.sent));
	print_block(l, "body", event, strlen(event));
	print_block(l, "answer", p.outcome.answer.text, p.outcome.answer.len);
	tell_test(l, &p);
	probe_clear(&p);
}

/* ---- all the checks ---- */

/* A caller who may not read a secret cannot ask as the service does. */
static void tell_not_asked(const struct look *l, int rc, const struct err *err)
{
	bool other = conf_credential_unseen(l->e->signature_file) ||
	             conf_credential_unseen(l->e->token_file) ||
	             (rc == -EACCES && user_is_other(&l->d->user));
	const char *why = err->text[0] ? err->text : strerror(-rc);
	if (other)
		finding_unchecked(&l->d->to, FINDING_INFO, l->what, NULL,
		                  "not checked: the receiver was not contacted: %s", why);
	else
		finding_tell(&l->d->to, FINDING_PROBLEM, l->what,
		             "the receiver was not contacted: %s", why);
}

/* Octeth takes the kind of its sender from the query. */
static void check_query(const struct look *l)
{
	struct fix fix = {0};
	const char *url = l->e->url;
	size_t path = strcspn(url, "?#");
	static const char webhook[] = "/bounce_webhook";
	size_t len = sizeof(webhook) - 1;
	bool is_webhook = path >= len && strncmp(url + path - len, webhook, len) == 0;
	if (!is_webhook || url_query_has(url, "type=pmta") || url_query_has(url, "type=fluentd"))
		return;
	if (url[path])
		(void)fix_line(&fix, "put type=pmta into the query of url");
	else
		(void)fix_line(&fix, "url = \"%s?type=pmta\"", url);
	finding_fix(&l->d->to, FINDING_PROBLEM, l->what, fix.text,
	            "url has no type=pmta: without it Octeth does not take the events for "
	            "PowerMTA's");
}

static void check_endpoint(const struct look *l)
{
	struct err err = {0};
	struct probe p = {0};
	check_query(l);
	int rc = probe_endpoint(l->e, SLICE_EMPTY, &p, &err);
	if (rc < 0) {
		tell_not_asked(l, rc, &err);
		return;
	}
	tell_connection(l, &p);
	tell_tls(l, &p);
	tell_answer(l, &p);
	tell_clock(l, &p);
	bool answered = p.end == PROBE_ANSWERED;
	probe_clear(&p);
	if (l->d->send_test && answered)
		send_test(l);
}

void doctor_endpoints(const struct doctor *d)
{
	for (size_t i = 0; i < d->conf->nendpoints; i++) {
		struct look l = {.d = d, .e = &d->conf->endpoints[i]};
		if (!*l.e->url)
			continue; /* doctor_secrets() has reported it */
		(void)snprintf(l.what, sizeof(l.what), "endpoint %.140s", l.e->name);
		check_endpoint(&l);
	}
}
