/*
 * http_server.h - one HTTP handler for the control socket and metrics-listen, on the agent's own
 * wait.
 *
 * Only http_server.c includes libmicrohttpd.  It runs in the agent's thread: the handler answers at
 * once.
 */
#ifndef SERVICE_HTTP_SERVER_H
#define SERVICE_HTTP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct http_server;

#define LISTEN_CSP_SIZE 256

struct http_server_request {
	const char *method, *path;
	bool local; /* over the control socket, whose permissions have been passed */
	void *connection;
};

/*
 * A value of the query, decoded: "" for a name without "=", NULL when it is not there.  Good until
 * the handler returns.
 */
const char *http_server_query(const struct http_server_request *request, const char *name);
/* A header of the request, likewise. */
const char *http_server_header(const struct http_server_request *request, const char *name);

struct http_server_reply {
	unsigned status;
	const char *type;
	char csp[LISTEN_CSP_SIZE]; /* Content-Security-Policy; "" for one that allows nothing */
	char *body;                /* from malloc(); taken over */
};

typedef void listen_fn(const struct http_server_request *request, struct http_server_reply *ret,
                       void *arg);

/*
 * Listen on DIR/control (0660) and on "HOST:PORT" ("" for none).  What cannot be listened on is
 * told in err and left out: delivery is more important.  Returns 0 (err->code says whether
 * something was left out) or -ENOMEM.
 */
int http_server_open(struct http_server **ret, const char *dir, const char *tcp, listen_fn *fn,
                     void *arg, struct err *err) MUST_CHECK;
struct http_server *http_server_close(struct http_server *l);

/* To be polled for reading; -1 for NULL. */
int http_server_fd(const struct http_server *l);
/* Milliseconds until http_server_run() has work by the clock; -1 for none. */
int64_t http_server_timeout(const struct http_server *l);
void http_server_run(struct http_server *l);

#endif
