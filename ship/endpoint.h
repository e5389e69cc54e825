/*
 * endpoint.h - one endpoint: its queue of batches and its state.  Used in ship/ only.
 */
#ifndef SHIP_ENDPOINT_H
#define SHIP_ENDPOINT_H

#include "base/log.h"
#include "ship/pace.h"
#include "ship/queue.h"
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

/* The log lines of the endpoint so far, so that none is repeated too often. */
struct endpoint_notes {
	int64_t said_ms;   /* the last line about its state */
	int64_t minute_ms; /* start of the minute in which changes are counted */
	unsigned changes;
	char last_failure[256]; /* of a request; kept after a success */
	struct log_limit partial_limit;
};

struct endpoint {
	size_t index;
	const struct ship_conf *conf;
	const struct ship_hooks *hooks;
	struct transport *transport; /* NULL without a URL and in a dry run */
	struct endpoint *host;       /* the first endpoint of the same host: it keeps the rate */
	struct queue queue;
	struct pace pace;
	struct rate rate; /* of the host: used in host->rate only */

	enum endpoint_health health; /* kept during a pause */
	enum ship_state state;       /* shown to people: the health, or paused */
	bool credentials_read;
	int64_t since_ms;     /* when the state began */
	uint64_t state_tries; /* count of tries then */
	int64_t probe_ms;     /* no probe before this time, by our backoff */
	int64_t pause_ms;     /* no request before this time, which the receiver asked for */
	unsigned attempts;    /* probes that failed in a row */
	uint64_t successes, tries;
	uint64_t random;
	struct transport_item *items; /* of the message being sent */
	size_t items_room;
	struct ship_memory memory;
	struct endpoint_notes notes;
	struct ship_status status; /* counters and texts; the rest is filled in on request */
};

/*
 * The caller sets index, conf, hooks and host first.  ops is NULL when there is nothing to send
 * with.  Call endpoint_close() after a failure, too.
 */
int endpoint_open(struct endpoint *e, const struct transport_ops *ops, struct wait *wait,
                  int64_t now_ms, struct err *err) MUST_CHECK;
void endpoint_close(struct endpoint *e);

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
