/*
 * probe.h - sends one request to an endpoint, waits for it, and reports how far it came.
 *
 * It uses the same proxy, certificates and credentials as every other request, so that its result
 * is the same.  It blocks for connect-timeout and timeout at most.  Not for `run`.
 */
#ifndef DOCTOR_PROBE_H
#define DOCTOR_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "doctor/certificate.h"
#include "ship/http.h"

enum probe_end {
	PROBE_DNS,      /* the name of the host, or of the proxy, was not resolved */
	PROBE_TCP,      /* the connection failed */
	PROBE_TLS,      /* the TLS handshake failed, or a certificate was refused */
	PROBE_NOTHING,  /* connected, but no complete answer came */
	PROBE_ANSWERED, /* the answer is in outcome */
};

struct probe {
	enum probe_end end;
	bool tls, alert;                        /* alert: the server ended TLS */
	int64_t resolve_ms, connect_ms, tls_ms; /* since the start; 0: not reached */
	char address[64];                       /* of the peer, which may be the proxy */
	struct outcome outcome;                 /* points into words and body */
	char words[HTTP_WORDS_SIZE], body[ANSWER_BODY_MAX + 1], failure[256];
	char redirect[512];
	int64_t date_ms;     /* the backend's time in its answer; 0: unknown */
	int64_t answered_ms; /* this host's real time when the answer came */
	bool certified;      /* certificate is set; it may be invalid */
	struct certificate certificate;
	char *sent; /* head of the request with secrets masked; NULL if nothing was sent */
};

/*
 * Sends body by POST: an event in the endpoint's format, or an empty body, which has no event and
 * no key.  Returns 0 if it was tried, whatever the result; then call probe_clear().  Returns a
 * negative errno if a secret cannot be read.
 */
int probe_endpoint(const struct ship_conf *conf, struct slice body, struct probe *ret,
                   struct err *err) MUST_CHECK;
void probe_clear(struct probe *p);

/* Replaces, in place, the values of all headers except harmless ones by "***". */
void probe_mask(char *head);

#endif
