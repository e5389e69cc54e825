/*
 * control.h - the agent's place in runtime-dir: its lock, its sockets, and who it is to commands.
 */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H

#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "conf/identity.h"
#include "service/http_server.h"
#include "service/runtime_lock.h"

struct control {
	struct http_server *server; /* NULL: nobody listens */
	int lock;                   /* -1: none */
	char *dir, *tcp;            /* of the start: a reload does not change them */
	char identity[CONF_IDENTITY_SIZE];
	char who[RUNTIME_WHO_SIZE];
	bool listened;   /* once, so that it can be lost */
	int64_t look_ms; /* when the socket is looked for again */
	struct log_limit limit;
};

/*
 * Takes runtime-dir for this agent.  Returns 0, also when the folder cannot be used, which
 * control_listen() reports; -EBUSY when another agent has it; -ENOMEM.
 */
int control_take(struct control *c, const struct conf *conf, struct err *err) MUST_CHECK;

/* Listens there and on metrics-listen.  A failure is logged: delivery is more important. */
void control_listen(struct control *c, listen_fn *fn, void *arg);

/* Listens again if somebody deleted the folder or the socket.  Looks once a second. */
void control_look(struct control *c, listen_fn *fn, void *arg, int64_t now_ms);

void control_close(struct control *c);

#endif
