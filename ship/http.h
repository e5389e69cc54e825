/*
 * http.h - the transport of http:// and https:// urls, and one request by itself.  Only http.c
 * includes libcurl.
 */
#ifndef SHIP_HTTP_H
#define SHIP_HTTP_H

#include "ship/answer.h"
#include "ship/ship.h"
#include "ship/transport.h"

/* As long as one transport of it is open, libcurl sleeps for all: wait.h. */
extern const struct transport_ops http_transport;

#define HTTP_WORDS_SIZE 768

/*
 * One request by itself, waited for, over a connection of its own.  m NULL: connect only, with
 * whatever certificate the server has, and send nothing.  Returns 0 when it was tried, whatever
 * came of it, or a negative errno (secrets that cannot be read); the caller frees certificate and
 * sent.
 */
struct http_once {
	struct outcome outcome; /* points into words and body, which must not move */
	char words[HTTP_WORDS_SIZE], body[ANSWER_BODY_MAX + 1];
	char failure[256]; /* why there was no answer; "" if there was one */
	bool unresolved;
	bool tls_failed;                        /* no agreement on TLS, or on who is who */
	bool alert;                             /* it was the server that ended TLS */
	int64_t resolve_ms, connect_ms, tls_ms; /* since the start; 0: it did not come that far */
	char address[64];                       /* it was connected to */
	char redirect[512];                     /* of a 3xx; "" for none */
	int64_t date_s;                         /* what the Date header says; 0 for none */
	char *certificate;                      /* the server's, as PEM */
	char *sent;                             /* head of the request, secrets included */
};
int http_once(const struct ship_conf *conf, const struct transport_message *m,
              struct http_once *ret, struct err *err) MUST_CHECK;

#endif
