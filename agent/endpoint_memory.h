/*
 * endpoint_memory.h - what the store keeps of an endpoint, across restarts and reloads: whether it
 * ever accepted anything, its run of refusals, the run whose letters are owed another try, and
 * whether an operator paused it.
 */
#ifndef AGENT_ENDPOINT_MEMORY_H
#define AGENT_ENDPOINT_MEMORY_H

#include "conf/conf.h"
#include "ship/ship.h"
#include "state/store.h"

struct endpoint_memory {
	/* Borrowed; opened anew with each configuration. */
	const struct conf *conf;
	struct store *store;
	struct ship *ship;

	struct ship_memory *stored; /* by endpoint: as it is in the store */
	int64_t *lifted;            /* run whose letters are owed another try; 0: none */
};

/* The borrowed fields are set.  Hands ship what it knew.  0 or a negative errno. */
int endpoint_memory_open(struct endpoint_memory *m, int64_t now_ms) MUST_CHECK;
void endpoint_memory_close(struct endpoint_memory *m);

/* Write down what changed, within a transaction; endpoint_memory_stored() once it is committed. */
int endpoint_memory_put(struct endpoint_memory *m) MUST_CHECK;
void endpoint_memory_stored(struct endpoint_memory *m);

/* Whether the endpoint is paused.  A transaction of its own. */
int endpoint_memory_pause(struct endpoint_memory *m, size_t endpoint, bool paused,
                          int64_t now_ms) MUST_CHECK;

/* The other try of the endpoint's lifted run is over. */
int endpoint_memory_lift_over(struct endpoint_memory *m, size_t endpoint) MUST_CHECK;

#endif
