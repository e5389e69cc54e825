/*
 * routes.h - the answers on the control socket and on metrics-listen.  Used in agent/ only.
 */
#ifndef AGENT_ROUTES_H
#define AGENT_ROUTES_H

struct agent;

/* A listener that cannot be opened is only logged: delivery is more important than monitoring. */
void routes_open(struct agent *a);

/* Listens again if somebody deleted the socket: call it in each turn. */
void routes_look(struct agent *a);

#endif
