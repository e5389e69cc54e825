/*
 * endpoint.h - one endpoint: its queue of batches and its state; for ship/ only.
 */
#ifndef SHIP_ENDPOINT_H
#define SHIP_ENDPOINT_H

#include "base/log.h"
#include "ship/batch.h"
#include "ship/ship.h"
#include "ship/transport.h"

/* As answers make it. */
enum endpoint_health {
	ENDPOINT_UNCONFIGURED,
	ENDPOINT_OK,
	ENDPOINT_RETRYING,
	ENDPOINT_HELD,
	ENDPOINT_REFUSING /* held because everything is refused, until something is accepted */
};

struct endpoint {
	size_t index;
	const struct ship_conf *conf;
	const struct ship_hooks *hooks;
	struct transport *transport; /* NULL: without url, and in a dry run */
	struct endpoint *host;       /* the first endpoint of the same host: keeps the rate */
	struct batch *queue;         /* sealed, flying, waiting, in order */
	size_t nbatches;             /* in the queue, and open ones */
	size_t nrecords;
	size_t bytes;              /* of bodies in the queue */
	size_t again, again_bytes; /* of both, what is another try of a dead letter */

	enum endpoint_health health; /* what it is after a pause, too */
	enum ship_state state;       /* as shown: its health, or paused */
	bool credentials_read;
	int64_t since_ms, probe_ms, said_ms;
	int64_t pause_ms;     /* no request before: the receiver named that time */
	uint64_t state_tries; /* count of tries when the state began */
	int64_t minute_ms;    /* changes of state are counted since then */
	unsigned changes;
	struct log_limit partial_limit;
	unsigned attempts; /* probes that failed in a row */
	unsigned flying, limit;
	unsigned ceiling; /* of limit, while another process uses the rest */
	bool half_rate;   /* of the host: the other half of its rate belongs to that process */
	int64_t best_ms;  /* shortest answer, forgotten slowly: what "fast" is measured by */
	uint64_t successes, tries;
	uint64_t random;
	int64_t slot_ms;              /* when the host's next request may go out */
	struct transport_item *items; /* of the message that is sent just now */
	size_t items_room;
	struct ship_memory memory;
	char last_failure[256];    /* of a request, kept beyond success */
	struct ship_status status; /* counters and words; the rest is filled in on asking */
};

/*
 * index, conf, hooks and host are set before.  ops NULL: there is nothing to send with.  On failure
 * endpoint_close(), too.
 */
int endpoint_open(struct endpoint *e, const struct transport_ops *ops, struct wait *wait,
                  int64_t now_ms, struct err *err) MUST_CHECK;
void endpoint_close(struct endpoint *e);

void endpoint_enqueue(struct endpoint *e, struct batch *b);

/* What came of a batch that was flying. */
void endpoint_outcome(struct endpoint *e, struct batch *b, const struct outcome *o, int64_t now_ms);

/* A line for the log. */
void endpoint_note(const struct endpoint *e, bool problem, const char *fmt, ...) ERR_PRINTF(3, 4);
/* It fails: one probe at a time from now on, the next one after wait_ms. */
void endpoint_failing(struct endpoint *e, enum endpoint_health health, int64_t wait_ms,
                      int64_t now_ms);
/* An operator's order: nothing is started until the next one. */
void endpoint_pause(struct endpoint *e, bool paused, int64_t now_ms);
void endpoint_summary(struct endpoint *e, int64_t now_ms);

#endif
