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
#include "doctor/test_event.h"
#include "doctor/text.h"

#define EXPIRY_WARNING_DAYS 21
#define DAY_S 86400
#define SKEW_WARNING_MS 30000
#define SKEW_PROBLEM_MS 600000

struct look {
	const struct doctor *d;
	const struct ship_conf *e;
	char what[160];
	char host[256];
};

/* ---- name and connection ---- */

static void tell_connection(const struct look *l, const struct probe *p)
{
	const char *proxy = l->e->proxy;
	const char *peer = *proxy ? proxy : l->host;
	if (p->end == PROBE_DNS)
		finding_tell(&l->d->to, FINDING_PROBLEM, l->what,
		             "the name %s was not resolved: %s; nothing can be delivered\n"
		             "getent hosts %s; then check url and /etc/resolv.conf",
		             peer, p->failure, peer);
	else if (p->end == PROBE_TCP)
		finding_tell(
		        &l->d->to, FINDING_PROBLEM, l->what,
		        "no connection to %s%s%s: %s; nothing is delivered until there is one\n"
		        "curl -v '%s'; then check url, the firewalls on the way, and that the "
		        "receiver runs",
		        peer, *p->address ? " at " : "", p->address, p->failure, l->e->url);
	else
		finding_tell(&l->d->to, FINDING_OK, l->what, "%s is %s, and accepts connections",
		             peer, *p->address ? p->address : "reachable");
}

/* ---- TLS ---- */

static void tell_refused(const struct look *l, const struct probe *p)
{
	char date[DOCTOR_DATE_MAX];
	const struct certificate *c = &p->certificate;
	int64_t now = time(NULL);
	if (p->alert)
		finding_tell(&l->d->to, FINDING_PROBLEM, l->what,
		             "the receiver ended TLS: %s; it may need a client certificate, or a "
		             "different one\nset client-cert and client-key in endpoint %s",
		             p->failure, l->e->name);
	else if (p->certified && c->ends_s < now)
		finding_tell(&l->d->to, FINDING_PROBLEM, l->what,
		             "the receiver's certificate (%s) expired on %s: %s\nrenew it on the "
		             "receiver; nothing is lost meanwhile",
		             c->subject, doctor_date(c->ends_s, date), p->failure);
	else if (p->certified && c->begins_s > now)
		finding_tell(&l->d->to, FINDING_PROBLEM, l->what,
		             "the receiver's certificate (%s) is not valid before %s: %s\n"
		             "timedatectl; the clock of this host may be wrong",
		             c->subject, doctor_date(c->begins_s, date), p->failure);
	else if (p->certified)
		finding_tell(&l->d->to, FINDING_PROBLEM, l->what,
		             "TLS: the receiver's certificate (for %s, by %s) was refused: %s\n"
		             "if its name is wrong: put the right host into url; if its issuer is "
		             "unknown: "
		             "ca-file = \"the PEM file of that CA\"",
		             c->subject, c->issuer, p->failure);
	else
		finding_tell(&l->d->to, FINDING_PROBLEM, l->what,
		             "TLS failed: %s\nopenssl s_client -connect %s:443 -servername %s",
		             p->failure, l->host, l->host);
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
		finding_tell(
		        &l->d->to, FINDING_WARNING, l->what,
		        "TLS: the receiver's certificate (%s, by %s) expires in %lld day%s, on "
		        "%s\nrenew it on the receiver",
		        p->certificate.subject, p->certificate.issuer, (long long)(left / DAY_S),
		        units_s((uint64_t)(left / DAY_S)), date);
	else
		finding_tell(&l->d->to, FINDING_OK, l->what,
		             "TLS: chain and name are valid; certificate of %s, by %s, until %s",
		             p->certificate.subject, p->certificate.issuer, date);
}

/* ---- the answer ---- */

struct advice {
	int status;
	enum finding_level level;
	const char *means, *fix;
};

/* By the status that answers a request without an event. */
static const struct advice advices[] = {
        {400, FINDING_OK, "the receiver works, and refuses a request without an event", ""},
        {401, FINDING_PROBLEM, "the signature is missing or wrong: every event would be held",
         "put the installation's webhook secret into signature-file (or token-file)"},
        {403, FINDING_PROBLEM,
         "access is refused: wrong credentials, or a firewall in front refuses this host",
         "check signature-file or token-file, and allow this host's address in that firewall"},
        {404, FINDING_PROBLEM, "the receiver has nothing at this path: every event would be held",
         "url = \"https://HOST/system/bounce_webhook?type=pmta\""},
        {405, FINDING_PROBLEM, "this path does not accept POST: every event would be held",
         "url = \"https://HOST/system/bounce_webhook?type=pmta\""},
        {407, FINDING_PROBLEM, "the proxy requires credentials",
         "allow this host in the proxy, or set proxy = \"\""},
        {408, FINDING_WARNING, "the receiver timed out; such requests are retried", ""},
        {410, FINDING_PROBLEM, "this path no longer exists: every event would be held",
         "check url"},
        {411, FINDING_OK, "the receiver works, and refuses a request without a body", ""},
        {413, FINDING_WARNING,
         "even an empty request is too large for the receiver: every event would be refused",
         "raise its limit for request bodies"},
        {415, FINDING_WARNING, "it does not accept this type of body", "check format"},
        {421, FINDING_PROBLEM, "the server does not know this host name",
         "put the right host name into url"},
        {422, FINDING_OK, "the receiver works, and refuses a request without an event", ""},
        {425, FINDING_WARNING, "425 means too early; the agent retries", ""},
        {429, FINDING_WARNING, "too many requests; the agent slows down by itself",
         "set requests-per-minute in the endpoint"},
        {500, FINDING_WARNING,
         "some receivers answer this to a request without an event; others are broken",
         "run the same command with --send-test to find out"},
        {502, FINDING_PROBLEM,
         "the receiver behind its front server is down; everything is retried", "start it"},
        {503, FINDING_PROBLEM, "the receiver or its database is down; everything is retried",
         "see its log; nothing is lost meanwhile"},
        {504, FINDING_PROBLEM,
         "the receiver behind its front server is too slow; everything is retried",
         "see its log; nothing is lost meanwhile"},
        {0, FINDING_PROBLEM, NULL, NULL},
};

static void tell_redirect(const struct look *l, const struct probe *p)
{
	finding_tell(&l->d->to, FINDING_PROBLEM, l->what,
	             "HTTP %d: it points to another address; redirects are not followed, and every "
	             "event would be held\nurl = \"%s\"",
	             p->outcome.code, *p->redirect ? p->redirect : "the address it points to");
}

static void tell_status(const struct look *l, const struct probe *p)
{
	const struct advice *a = advices;
	const char *words = p->outcome.words;
	int status = p->outcome.code;
	if (status >= 300 && status <= 399) {
		tell_redirect(l, p);
		return;
	}
	while (a->status != 0 && a->status != status)
		a++;
	if (a->status != 0)
		finding_tell(&l->d->to, a->level, l->what, "%s; %s\n%s", words, a->means, a->fix);
	else if (status >= 500)
		finding_tell(&l->d->to, FINDING_PROBLEM, l->what,
		             "%s; the receiver fails, and everything is retried\nsee its log",
		             words);
	else
		finding_tell(&l->d->to, FINDING_PROBLEM, l->what,
		             "%s; every event would be held\n%s", words, p->outcome.advice);
}

static void tell_answer(const struct look *l, const struct probe *p)
{
	if (p->end == PROBE_NOTHING) {
		finding_tell(&l->d->to, FINDING_PROBLEM, l->what,
		             "connected, but no answer came: %s; requests are retried\n"
		             "curl -v -X POST '%s'%s",
		             p->failure, l->e->url,
		             p->tls && !*l->e->client_cert
		                     ? "; if it needs a client certificate: set client-cert and "
		                       "client-key"
		                     : "");
		return;
	}
	if (p->end != PROBE_ANSWERED)
		return;
	if (p->outcome.code < 200 || p->outcome.code > 299) {
		tell_status(l, p);
		return;
	}
	const struct slice body = p->outcome.answer;
	if (p->outcome.kind == OUTCOME_RETRY)
		finding_tell(
		        &l->d->to, FINDING_PROBLEM, l->what,
		        "%s; the status is 2xx, but the body reports a failure%s: everything is "
		        "retried\nsee the receiver's log",
		        p->outcome.words,
		        memmem(body.text, body.len, "MySQL", 5) ? " of its database" : "");
	else if (p->outcome.kind == OUTCOME_HELD)
		finding_tell(&l->d->to, FINDING_PROBLEM, l->what,
		             "%s; every event would be held\n%s", p->outcome.words,
		             p->outcome.advice);
	else
		finding_tell(&l->d->to, FINDING_OK, l->what,
		             "%s to a request without an event: path and credentials are right",
		             p->outcome.words);
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
		finding_tell(
		        &l->d->to, level, l->what,
		        "this host's clock is %lld s %s the receiver's: certificates, times of "
		        "events and Retry-After dates are judged wrongly\ntimedatectl set-ntp "
		        "true, "
		        "on the host whose clock is wrong",
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
	finding_tell(&l->d->to, kinds[kind].level, l->what, "%s: %s\n%s", p->outcome.words,
	             kinds[kind].means, good ? "" : p->outcome.advice);
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

static void check_endpoint(const struct look *l)
{
	struct err err = {0};
	struct probe p = {0};
	if (probe_endpoint(l->e, SLICE_EMPTY, &p, &err) < 0) {
		finding_tell(&l->d->to,
		             conf_credential_unseen(l->e->signature_file) ||
		                             conf_credential_unseen(l->e->token_file)
		                     ? FINDING_INFO
		                     : FINDING_PROBLEM,
		             l->what, "the receiver was not contacted: %s",
		             err.text[0] ? err.text : "out of memory");
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
		struct slice host = url_host(l.e->url);
		(void)snprintf(l.host, sizeof(l.host), "%.*s", (int)host.len, host.text);
		check_endpoint(&l);
	}
}
