/*
 * http.h - the transport for http:// and https:// URLs, and a single request.  Only http.c includes
 * libcurl.
 */
#ifndef SHIP_HTTP_H
#define SHIP_HTTP_H

#include "ship/answer.h"
#include "ship/ship.h"
#include "ship/transport.h"

/* While one of its transports is open, libcurl does the sleeping for all: wait.h. */
extern const struct transport_ops http_transport;

#define HTTP_WORDS_SIZE 768

/*
 * Sends a single request over its own connection and waits for the answer.  With m = NULL it only
 * connects, accepts any certificate of the server, and sends nothing.  Returns 0 when the request
 * was tried, with any result, or a negative errno (unreadable secrets).  The caller frees
 * certificate and sent.
 */
struct http_once {
	struct outcome outcome; /* points into words and body: do not move the struct */
	char words[HTTP_WORDS_SIZE], body[ANSWER_BODY_MAX + 1];
	char failure[256]; /* why there was no answer; "" if there was one */
	bool unresolved;
	bool tls_failed;                        /* TLS or certificate check failed */
	bool alert;                             /* the server ended TLS */
	int64_t resolve_ms, connect_ms, tls_ms; /* since the start; 0: not reached */
	char address[64];                       /* IP address of the connection */
	char redirect[512];                     /* target of a 3xx; "" for none */
	int64_t date_s;                         /* the Date header; 0 for none */
	char *certificate;                      /* the server's, as PEM */
	char *sent;                             /* the request's headers, secrets included */
};
int http_once(const struct ship_conf *conf, const struct transport_message *m,
              struct http_once *ret, struct err *err) MUST_CHECK;

#endif
