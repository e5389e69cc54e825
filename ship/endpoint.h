/*
 * endpoint.h - one endpoint: its queue of batches and its state.  Used in ship/ only.
 */
#ifndef SHIP_ENDPOINT_H
#define SHIP_ENDPOINT_H

#include "base/log.h"
#include "ship/batch.h"
#include "ship/ship.h"
#include "ship/transport.h"

/* The endpoint's health, as its answers show it. */
enum endpoint_health {
	ENDPOINT_UNCONFIGURED,
	ENDPOINT_OK,
	ENDPOINT_RETRYING,
	ENDPOINT_HELD,
	ENDPOINT_REFUSING /* held because it refuses every record; lasts until it accepts one */
};

struct endpoint {
	size_t index;
	const struct ship_conf *conf;
	const struct ship_hooks *hooks;
	struct transport *transport; /* NULL without a URL and in a dry run */
	struct endpoint *host;       /* the first endpoint of the same host: it keeps the rate */
	struct batch *queue;         /* sealed, in flight and waiting, in order */
	size_t nbatches;             /* in the queue, plus the open ones */
	size_t nrecords;
	size_t bytes;              /* of bodies in the queue */
	size_t again, again_bytes; /* the part of nbatches and bytes that retries dead letters */

	enum endpoint_health health; /* kept during a pause */
	enum ship_state state;       /* shown to people: the health, or paused */
	bool credentials_read;
	int64_t since_ms, probe_ms, said_ms;
	int64_t pause_ms;     /* no request before this time, which the receiver asked for */
	uint64_t state_tries; /* count of tries when the state began */
	int64_t minute_ms;    /* start of the minute in which changes are counted */
	unsigned changes;
	struct log_limit partial_limit;
	unsigned attempts; /* probes that failed in a row */
	unsigned flying, limit;
	unsigned ceiling; /* of limit, while another process uses the rest */
	bool half_rate;   /* of the host: another process uses the other half of its rate */
	int64_t best_ms;  /* the shortest answer time, slowly forgotten: defines "fast" */
	uint64_t successes, tries;
	uint64_t random;
	int64_t slot_ms;              /* time of the host's next request */
	struct transport_item *items; /* of the message being sent */
	size_t items_room;
	struct ship_memory memory;
	char last_failure[256];    /* of a request; kept after a success */
	struct ship_status status; /* counters and texts; the rest is filled in on request */
};

/*
 * The caller sets index, conf, hooks and host first.  ops is NULL when there is nothing to send
 * with.  Call endpoint_close() after a failure, too.
 */
int endpoint_open(struct endpoint *e, const struct transport_ops *ops, struct wait *wait,
                  int64_t now_ms, struct err *err) MUST_CHECK;
void endpoint_close(struct endpoint *e);

void endpoint_enqueue(struct endpoint *e, struct batch *b);

/* Handles the outcome of a batch that was in flight. */
void endpoint_outcome(struct endpoint *e, struct batch *b, const struct outcome *o, int64_t now_ms);

/* Writes a line to the log. */
void endpoint_note(const struct endpoint *e, bool problem, const char *fmt, ...) ERR_PRINTF(3, 4);
/* The endpoint fails: one probe at a time from now on, the next one after wait_ms. */
void endpoint_failing(struct endpoint *e, enum endpoint_health health, int64_t wait_ms,
                      int64_t now_ms);
/* An operator's order: paused = true starts no request until paused = false. */
void endpoint_pause(struct endpoint *e, bool paused, int64_t now_ms);
void endpoint_summary(struct endpoint *e, int64_t now_ms);

#endif
