#include "ship/schedule.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/units.h"

static bool due(const struct batch *b, int64_t now_ms)
{
	return b->stored &&
	       (b->state == BATCH_SEALED || (b->state == BATCH_WAITING && b->next_ms <= now_ms));
}

/* In order; while the endpoint fails, the one tried longest ago, so that probes take turns. */
static struct batch *next_batch(const struct endpoint *e, int64_t now_ms)
{
	struct batch *best = NULL;
	for (struct batch *b = e->queue.first; b; b = b->next) {
		if (!due(b, now_ms))
			continue;
		if (e->state == SHIP_OK)
			return b;
		if (!best || b->tried < best->tried)
			best = b;
	}
	return best;
}

/* Earliest time of the next request, by the host's rate or the receiver's request; 0: now. */
static int64_t rate_ms(const struct endpoint *e, int64_t now_ms)
{
	int64_t at = e->conf->requests_per_minute > 0 ? e->host->rate.slot_ms : 0;
	if (e->pause_ms > at)
		at = e->pause_ms;
	return at > now_ms ? at : 0;
}

/* The most requests at a time in the current state. */
static unsigned limit_of(const struct endpoint *e)
{
	return pace_limit(&e->pace, e->state != SHIP_OK);
}

int64_t schedule_slot_ms(const struct endpoint *e, int64_t now_ms)
{
	if (e->state == SHIP_UNCONFIGURED || e->state == SHIP_PAUSED ||
	    e->pace.flying >= limit_of(e))
		return INT64_MAX;
	int64_t at = rate_ms(e, now_ms);
	if (e->state != SHIP_OK && e->probe_ms > at)
		at = e->probe_ms;
	return at > now_ms ? at : now_ms;
}

bool schedule_wants(const struct endpoint *e, int64_t now_ms)
{
	if (schedule_slot_ms(e, now_ms) > now_ms)
		return false;
	/* At a rate one request goes out at a time, however many may be in flight. */
	unsigned slots = e->conf->requests_per_minute > 0 ? 1 : limit_of(e) - e->pace.flying;
	for (const struct batch *b = e->queue.first; b && slots > 0; b = b->next)
		slots -= b->state == BATCH_SEALED && !b->dead;
	return slots > 0;
}

/* Lists the records for a transport that looks at each one.  The list is valid for one send. */
static int itemize(struct endpoint *e, const struct batch *b)
{
	if (b->n > e->items_room) {
		struct transport_item *p = reallocarray(e->items, b->n, sizeof(*p));
		if (!p)
			return -ENOMEM;
		e->items = p;
		e->items_room = b->n;
	}
	batch_items(b, e->items);
	return 0;
}

static int send_batch(struct endpoint *e, struct batch *b)
{
	const struct transport_ops *ops = e->transport->ops;
	if (ops->items && itemize(e, b) < 0)
		return -ENOMEM;
	const struct transport_message message = {
	        .body = b->packed ? b->packed : b->body,
	        .len = b->packed ? b->packed_len : b->len,
	        .gzip = b->packed != NULL,
	        .key = b->key,
	        .items = ops->items ? e->items : NULL,
	        .n = b->n,
	};
	return ops->send(e->transport, &message, b);
}

/* Returns 0 or -ENOMEM. */
static int launch(struct endpoint *e, struct batch *b, int64_t now_ms)
{
	if (e->conf->gzip && !b->packed && batch_pack(b) < 0)
		return -ENOMEM;
	int rc = send_batch(e, b);
	if (rc < 0)
		return rc;
	fault_point("after-send");
	b->endpoint = e;
	b->state = BATCH_FLYING;
	b->tried = ++e->tries;
	e->pace.flying++;
	e->status.meter.requests++;
	rate_use(&e->host->rate, e->conf->requests_per_minute, now_ms);
	return 0;
}

/*
 * Reads the credentials before the first request and before each probe of a held endpoint.
 * Returns 0, -ENOMEM, or another negative errno, after which the endpoint is held.
 */
static int read_credentials(struct endpoint *e, int64_t now_ms)
{
	struct err err = {0};
	char every[UNITS_FOR_PEOPLE];
	if (e->credentials_read && e->state != SHIP_HELD)
		return 0;
	int rc = e->transport->ops->credentials(e->transport, &err);
	if (rc == 0)
		e->credentials_read = true;
	if (rc == 0 || rc == -ENOMEM)
		return rc;
	if (e->state != SHIP_HELD)
		endpoint_note(e, true,
		              "endpoint \"%s\": held, nothing is lost: %s; trying again every %s",
		              e->conf->name, err.text,
		              units_seconds((int64_t)e->conf->hold_interval_ms, every));
	(void)snprintf(e->status.last_error, sizeof(e->status.last_error), "%.250s", err.text);
	endpoint_failing(e, ENDPOINT_HELD, (int64_t)e->conf->hold_interval_ms, now_ms);
	return rc;
}

/* A dry run: handles the batch as if it had been accepted. */
static void pretend(struct endpoint *e, struct batch *b, int64_t now_ms)
{
	static const struct outcome yes = {
	        .kind = OUTCOME_ACCEPTED, .words = "", .advice = "", .answer = SLICE_EMPTY};
	e->pace.flying++;
	endpoint_outcome(e, b, &yes, now_ms);
}

void schedule_start(struct endpoint *e, bool draining, int64_t now_ms)
{
	if (e->state == SHIP_UNCONFIGURED || e->state == SHIP_PAUSED || draining)
		return;
	endpoint_summary(e, now_ms);
	for (int rc = 0; rc == 0;) {
		struct batch *b = NULL;
		if (schedule_slot_ms(e, now_ms) <= now_ms)
			b = next_batch(e, now_ms);
		if (!b)
			return;
		if (e->hooks->dry_run) {
			pretend(e, b, now_ms);
			continue;
		}
		rc = read_credentials(e, now_ms);
		if (rc == 0)
			rc = launch(e, b, now_ms);
		if (rc == -ENOMEM) { /* requests in flight will free some */
			b->state = BATCH_WAITING;
			b->next_ms = now_ms + (int64_t)e->conf->retry_min_ms;
		}
	}
}

int64_t schedule_timeout(const struct endpoint *e, int64_t now_ms)
{
	int64_t at = INT64_MAX, slot = schedule_slot_ms(e, now_ms);
	if (slot == INT64_MAX)
		return -1;
	for (const struct batch *b = e->queue.first; b; b = b->next) {
		if (!b->stored || (b->state != BATCH_SEALED && b->state != BATCH_WAITING))
			continue;
		int64_t when = b->state == BATCH_WAITING ? b->next_ms : now_ms;
		if (when < at)
			at = when;
	}
	if (at == INT64_MAX)
		return -1;
	if (slot > at)
		at = slot;
	return at > now_ms ? at - now_ms : 0;
}
