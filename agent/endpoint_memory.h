/*
 * endpoint_memory.h - an endpoint's memory in the store, across restarts and reloads: whether it
 * ever accepted anything, its run of refusals, the run whose dead letters are owed a retry, and
 * whether an operator paused it.
 */
#ifndef AGENT_ENDPOINT_MEMORY_H
#define AGENT_ENDPOINT_MEMORY_H

#include "conf/conf.h"
#include "ship/ship.h"
#include "state/store.h"

struct endpoint_memory {
	/* Borrowed; set again for each configuration. */
	const struct conf *conf;
	struct store *store;
	struct ship *ship;

	struct ship_memory *stored; /* by endpoint: the values in the store */
	int64_t *lifted;            /* run whose dead letters are owed a retry; 0: none */
};

/*
 * The caller sets the borrowed fields first.  Passes the stored memory to ship.  Returns 0 or a
 * negative errno.
 */
int endpoint_memory_open(struct endpoint_memory *m, int64_t now_ms) MUST_CHECK;
void endpoint_memory_close(struct endpoint_memory *m);

/* Stores the changes, within a transaction; call endpoint_memory_stored() after the commit. */
int endpoint_memory_put(struct endpoint_memory *m) MUST_CHECK;
void endpoint_memory_stored(struct endpoint_memory *m);

/* Stores whether the endpoint is paused, in a separate transaction. */
int endpoint_memory_pause(struct endpoint_memory *m, size_t endpoint, bool paused,
                          int64_t now_ms) MUST_CHECK;

/* Ends the retry of the endpoint's lifted run. */
int endpoint_memory_lift_over(struct endpoint_memory *m, size_t endpoint) MUST_CHECK;

#endif
