/*
 * probe.h - one request to an endpoint, waited for, and where on the way it ended.
 *
 * It goes the way of every other request (proxy, certificates, credentials), so that what it finds
 * is what the agent will meet.  Blocks for connect-timeout and timeout at most.  Not for `run`.
 */
#ifndef DOCTOR_PROBE_H
#define DOCTOR_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "doctor/certificate.h"
#include "ship/http.h"

enum probe_end {
	PROBE_DNS,      /* the host's name, or the proxy's, has no address */
	PROBE_TCP,      /* nobody there takes a connection */
	PROBE_TLS,      /* no agreement on TLS, or on who is who */
	PROBE_NOTHING,  /* connected, but no whole answer came */
	PROBE_ANSWERED, /* outcome has it */
};

struct probe {
	enum probe_end end;
	bool tls, alert;                        /* alert: it was the server that ended TLS */
	int64_t resolve_ms, connect_ms, tls_ms; /* since the start; 0: it did not come that far */
	char address[64];                       /* it was connected to: the proxy's, if any */
	struct outcome outcome;                 /* points into words and body */
	char words[HTTP_WORDS_SIZE], body[ANSWER_BODY_MAX + 1], failure[256];
	char redirect[512];
	int64_t date_ms;     /* what the backend takes for the time now; 0 for unknown */
	int64_t answered_ms; /* what this host took for the time when the answer came (real) */
	bool certified;      /* the server showed a certificate that can be read, good or not */
	struct certificate certificate;
	char *sent; /* head of the request with secrets masked; NULL when nothing was sent */
};

/*
 * POST body (an event as the endpoint's format wants it, or none at all: then it carries no event,
 * and no key).  Returns 0 when it was tried, whatever came of it; probe_clear() then.  A negative
 * errno: a secret cannot be read.
 */
int probe_endpoint(const struct ship_conf *conf, struct slice body, struct probe *ret,
                   struct err *err) MUST_CHECK;
void probe_clear(struct probe *p);

/* In place: values of all headers but the harmless ones become "***". */
void probe_mask(char *head);

#endif
