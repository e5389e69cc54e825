/*
 * routes.h - what is answered on the control socket and on metrics-listen; for agent/ only.
 */
#ifndef AGENT_ROUTES_H
#define AGENT_ROUTES_H

struct agent;

/* A listener that cannot be opened is logged: delivery is more important than being looked at. */
void routes_open(struct agent *a);

#endif
