/*
 * listen.h - one HTTP handler for the control socket and metrics-listen, on the agent's own wait.
 *
 * Only listen.c includes libmicrohttpd.  It runs in the agent's thread: the handler answers at
 * once.
 */
#ifndef SHIP_LISTEN_H
#define SHIP_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct listen;

#define LISTEN_CSP_SIZE 256

struct listen_request {
	const char *method, *path;
	bool local; /* over the control socket, whose permissions have been passed */
	void *connection;
};

/*
 * A value of the query, decoded: "" for a name without "=", NULL when it is not there.  Good until
 * the handler returns.
 */
const char *listen_query(const struct listen_request *request, const char *name);
/* A header of the request, likewise. */
const char *listen_header(const struct listen_request *request, const char *name);

struct listen_reply {
	unsigned status;
	const char *type;
	char csp[LISTEN_CSP_SIZE]; /* Content-Security-Policy; "" for one that allows nothing */
	char *body;                /* from malloc(); taken over */
};

typedef void listen_fn(const struct listen_request *request, struct listen_reply *ret, void *arg);

/*
 * Listen on DIR/control (0660) and on "HOST:PORT" ("" for none).  What cannot be listened on is
 * told in err and left out: delivery is more important.  Returns 0 (err->code says whether
 * something was left out) or -ENOMEM.
 */
int listen_open(struct listen **ret, const char *dir, const char *tcp, listen_fn *fn, void *arg,
                struct err *err) MUST_CHECK;
struct listen *listen_close(struct listen *l);

/* To be polled for reading; -1 for NULL. */
int listen_fd(const struct listen *l);
/* Milliseconds until listen_run() has work by the clock; -1 for none. */
int64_t listen_timeout(const struct listen *l);
void listen_run(struct listen *l);

#endif
