/*
 * http_server.h - one HTTP handler for the control socket and metrics-listen, in the agent's own
 * wait.
 *
 * Clients that ask nothing, or slowly, are disconnected when others want to connect; every client
 * has half a second for its request.
 *
 * Only http_server.c includes libmicrohttpd.  It runs in the agent's thread, so the handler must
 * answer at once.
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
	bool local; /* over the control socket, so its permissions have been checked */
	void *connection;
};

/*
 * Returns a decoded value of the query: "" for a name without "=", NULL when it is absent.  Valid
 * until the handler returns.
 */
const char *http_server_query(const struct http_server_request *request, const char *name);
/* Returns a header of the request, or NULL.  Valid until the handler returns. */
const char *http_server_header(const struct http_server_request *request, const char *name);

struct http_server_reply {
	unsigned status;
	const char *type;
	char csp[LISTEN_CSP_SIZE]; /* Content-Security-Policy; "" for one that allows nothing */
	char *body;                /* from malloc(); the server frees it */
};

typedef void listen_fn(const struct http_server_request *request, struct http_server_reply *ret,
                       void *arg);

/*
 * Listens on DIR/control (0660; dir NULL for none) and on "HOST:PORT" ("" for none).  The caller
 * has locked DIR: a socket that is there is of an agent that is dead.  A failure to listen is
 * reported in err and otherwise ignored, because delivery is more important.  Returns 0 (err->code
 * is set if a listener is missing) or -ENOMEM.
 */
int http_server_open(struct http_server **ret, const char *dir, const char *tcp, listen_fn *fn,
                     void *arg, struct err *err) MUST_CHECK;
struct http_server *http_server_close(struct http_server *l);

/* Returns true if the path DIR/control still leads to the socket that was opened. */
bool http_server_there(const struct http_server *l, const char *dir);

/* The descriptor to poll for reading; -1 for NULL. */
int http_server_fd(const struct http_server *l);
/* Milliseconds until http_server_run() has work by the clock; -1 for none. */
int64_t http_server_timeout(struct http_server *l);
void http_server_run(struct http_server *l);

#endif
