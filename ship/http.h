/*
 * http.h - requests, and the one place where the agent waits.  Only http.c includes libcurl.
 */
#ifndef SHIP_HTTP_H
#define SHIP_HTTP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "ship/answer.h"
#include "ship/ship.h"

struct http;
struct http_target;

int http_open(struct http **ret, struct err *err) MUST_CHECK;
struct http *http_close(struct http *h); /* its targets are closed before */

/* One endpoint.  conf must outlive it. */
int http_target_open(struct http_target **ret, struct http *h, const struct ship_conf *conf,
                     struct err *err) MUST_CHECK;
/* Requests under way are broken off without a report. */
struct http_target *http_target_close(struct http_target *t);

/* Read signature and token afresh.  Returns 0, or a negative errno and keeps what it had. */
int http_target_secrets(struct http_target *t, struct err *err) MUST_CHECK;

/* From now on requests go over new connections; the next one asks DNS afresh. */
void http_target_refresh(struct http_target *t);

/*
 * Start a POST.  body must stay as it is until the report.  key is copied.  0, or -ENOMEM.
 */
struct http_request {
	const void *body;
	size_t len;
	bool gzip; /* body is compressed */
	const char *key;
};
int http_post(struct http_target *t, const struct http_request *request, void *arg) MUST_CHECK;

/* Move transfers on and report those that ended.  Never blocks. */
typedef void http_done_fn(void *arg, const struct answer *answer, void *context);
int http_step(struct http *h, http_done_fn *fn, void *context) MUST_CHECK;

/*
 * One request by itself, waited for, over a connection of its own.  request NULL: connect only,
 * with whatever certificate the server has, and send nothing.  An empty key is left out.  Returns 0
 * when it was tried, whatever came of it, or a negative errno (secrets that cannot be read); the
 * caller frees certificate and sent.
 */
struct http_once {
	struct answer answer;
	char body[ANSWER_BODY_MAX + 1];
	char failure[256];
	bool unresolved;
	int64_t resolve_ms, connect_ms, tls_ms; /* since the start; 0: it did not come that far */
	char address[64];                       /* it was connected to */
	char redirect[512];                     /* of a 3xx; "" for none */
	int64_t date_s;                         /* what the Date header says; 0 for none */
	char *certificate;                      /* the server's, as PEM */
	char *sent;                             /* head of the request, secrets included */
};
int http_once(const struct ship_conf *conf, const struct http_request *request,
              struct http_once *ret, struct err *err) MUST_CHECK;

/* Sleep until a transfer moves, one of fds is ready (revents is set), or timeout_ms is over. */
int http_wait(struct http *h, struct pollfd *fds, size_t nfds, int timeout_ms) MUST_CHECK;

#endif
