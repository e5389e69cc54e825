#include "ship/ship.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/url.h"
#include "ship/endpoint.h"
#include "ship/schedule.h"
#include "ship/wait.h"

struct ship {
	struct ship_hooks hooks;
	struct wait wait;
	struct endpoint *endpoints;
	size_t n;
	struct batch **open; /* by lane */
	size_t *open_at;     /* by lane: the endpoint of its open batch */
	size_t lanes;
	bool draining;
	bool answered; /* the last step received an answer, or a dry run made one */
	size_t next; /* endpoint that may start requests first: those of one host share its rate */
	int64_t now_ms;
};

static struct endpoint *same_host(struct ship *s, size_t index)
{
	struct slice host = url_host(s->endpoints[index].conf->url);
	for (size_t i = 0; i < index; i++) {
		struct slice other = url_host(s->endpoints[i].conf->url);
		if (host.len == other.len && strncasecmp(host.text, other.text, host.len) == 0)
			return &s->endpoints[i];
	}
	return &s->endpoints[index];
}

static int open_endpoint(struct ship *s, size_t i, const struct ship_conf *conf, struct err *err)
{
	struct endpoint *e = &s->endpoints[i];
	const struct transport_ops *ops = NULL;
	e->index = i;
	e->conf = conf;
	e->hooks = &s->hooks;
	e->host = same_host(s, i);
	if (conf->url[0] && !s->hooks.dry_run) {
		ops = transport_for(conf->url);
		if (!ops)
			return err_set(err, -EINVAL,
			               "endpoint \"%s\": no transport supports \"%s\"", conf->name,
			               conf->url);
	}
	return endpoint_open(e, ops, &s->wait, s->now_ms, err);
}

int ship_open(struct ship **ret, const struct ship_conf *confs, size_t n, size_t lanes,
              const struct ship_hooks *hooks, struct err *err)
{
	struct ship *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, -ENOMEM, "set up endpoints: out of memory");
	s->hooks = *hooks;
	s->now_ms = clock_mono_ms();
	s->lanes = lanes;
	s->endpoints = calloc(n, sizeof(*s->endpoints));
	s->open = calloc(lanes, sizeof(*s->open));
	s->open_at = calloc(lanes, sizeof(*s->open_at));
	int rc = s->endpoints && s->open && s->open_at ? 0 : -ENOMEM;
	for (s->n = 0; rc == 0 && s->n < n; s->n++) {
		rc = open_endpoint(s, s->n, &confs[s->n], err);
		if (rc < 0) {
			endpoint_close(&s->endpoints[s->n]);
			break;
		}
	}
	if (rc < 0) {
		(void)ship_close(s);
		return rc == -ENOMEM ? err_set(err, rc, "set up endpoints: out of memory") : rc;
	}
	*ret = s;
	return 0;
}

struct ship *ship_close(struct ship *s)
{
	if (s) {
		for (size_t i = 0; s->open && i < s->lanes; i++)
			(void)batch_free(s->open[i]);
		for (size_t i = 0; i < s->n; i++)
			endpoint_close(&s->endpoints[i]);
		wait_close(&s->wait);
		free(s->open);
		free(s->open_at);
		free(s->endpoints);
		free(s);
	}
	return NULL;
}

void ship_set_memory(struct ship *s, size_t endpoint, const struct ship_memory *m)
{
	s->endpoints[endpoint].memory = *m;
}

struct ship_memory ship_memory(const struct ship *s, size_t endpoint)
{
	return s->endpoints[endpoint].memory;
}

void ship_set_meter(struct ship *s, size_t endpoint, const struct ship_meter *m)
{
	s->endpoints[endpoint].status.meter = *m;
}

/* Two rounds of single records keep every slot busy.  Longer batches need one round. */
static size_t batches_max(const struct ship_conf *conf, size_t lanes)
{
	return (conf->format == SHIP_OBJECT ? 2 * conf->in_flight : conf->in_flight) + lanes;
}

/* Single records are small, but each may be as large as a batch: the limit allows two of those. */
static size_t bytes_max(const struct ship_conf *conf)
{
	return (conf->format == SHIP_OBJECT ? 2 : conf->in_flight) * conf->batch_bytes;
}

/*
 * Dead letters take no room from records: those that fail for ever would keep all others out.  A
 * batch that is open had its room when it was begun and may be filled.  Otherwise it would be sent
 * nearly empty, and the next one likewise, for as long as the queue is full.
 */
bool ship_room(const struct ship *s, unsigned lane, size_t endpoint)
{
	const struct endpoint *e = &s->endpoints[endpoint];
	size_t batches = e->queue.batches - e->queue.again, most = batches_max(e->conf, s->lanes);
	if (s->open[lane])
		return batches <= most;
	return e->health != ENDPOINT_UNCONFIGURED && batches < most &&
	       e->queue.bytes - e->queue.again_bytes < bytes_max(e->conf);
}

bool ship_room_again(const struct ship *s, size_t endpoint, bool owed)
{
	const struct endpoint *e = &s->endpoints[endpoint];
	return e->health != ENDPOINT_UNCONFIGURED &&
	       (owed ? e->queue.again : e->queue.batches) < batches_max(e->conf, s->lanes) &&
	       (owed ? e->queue.again_bytes : e->queue.bytes) < bytes_max(e->conf);
}

bool ship_has_open(const struct ship *s, unsigned lane)
{
	return s->open[lane] != NULL;
}

bool ship_seal(struct ship *s, unsigned lane)
{
	struct batch *b = s->open[lane];
	if (!b)
		return false;
	struct endpoint *e = &s->endpoints[s->open_at[lane]];
	s->open[lane] = NULL;
	batch_seal(b, e->conf);
	queue_append(&e->queue, b);
	return true;
}

/* Returns the lane's open batch, or a new one. */
static struct batch *open_batch(struct ship *s, unsigned lane, size_t endpoint,
                                const struct ship_tag *tag, bool bounded, int64_t now_ms)
{
	struct endpoint *e = &s->endpoints[endpoint];
	struct batch *b = s->open[lane];
	if (b)
		return b;
	b = batch_new(lane, tag, now_ms);
	if (!b)
		return NULL;
	b->bounded = bounded;
	s->open[lane] = b;
	s->open_at[lane] = endpoint;
	e->queue.batches++;
	return b;
}

static void drop_empty(struct ship *s, unsigned lane)
{
	struct batch *b = s->open[lane];
	if (b && b->n == 0) {
		s->endpoints[s->open_at[lane]].queue.batches--;
		s->open[lane] = batch_free(b);
	}
}

int ship_add(struct ship *s, unsigned lane, size_t endpoint, const struct ship_tag *tag,
             const struct record *rec, const struct ship_item *item, bool bounded, int64_t now_ms)
{
	struct endpoint *e = &s->endpoints[endpoint];
	bool completed = false;
	for (;;) {
		struct batch *b = open_batch(s, lane, endpoint, tag, bounded, now_ms);
		if (!b)
			return -ENOMEM;
		int rc = batch_add(b, e->conf, rec, item);
		if (rc == 0)
			break;
		if (rc != -ENOSPC) {
			drop_empty(s, lane);
			return rc;
		}
		completed = ship_seal(s, lane); /* it is full; the record begins the next one */
	}
	e->queue.records++;
	if (batch_full(s->open[lane], e->conf))
		completed = ship_seal(s, lane);
	return completed;
}

int ship_add_dead(struct ship *s, size_t endpoint, int64_t dead, struct slice object,
                  const struct ship_item *item, int64_t now_ms)
{
	struct endpoint *e = &s->endpoints[endpoint];
	static const struct ship_tag none;
	struct batch *b = batch_new(0, &none, now_ms);
	if (!b)
		return -ENOMEM;
	b->dead = dead;
	if (batch_add_text(b, e->conf, object, item) < 0) {
		(void)batch_free(b);
		return -ENOMEM;
	}
	batch_seal(b, e->conf);
	e->queue.batches++;
	e->queue.records++;
	queue_append(&e->queue, b);
	return 0;
}

int ship_boundaries(const struct ship *s, ship_boundary_fn *fn, void *arg)
{
	for (size_t i = 0; i < s->n; i++) {
		for (const struct batch *b = s->endpoints[i].queue.first; b; b = b->next) {
			if (b->stored)
				continue;
			int rc = b->dead ? 0
			                 : fn(&b->tag, b->items[0].start,
			                      b->items[b->n - 1].mark.end, arg);
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

bool ship_has_boundaries(const struct ship *s)
{
	for (size_t i = 0; i < s->n; i++) {
		for (const struct batch *b = s->endpoints[i].queue.first; b; b = b->next) {
			if (!b->stored)
				return true;
		}
	}
	return false;
}

void ship_stored(struct ship *s)
{
	for (size_t i = 0; i < s->n; i++) {
		for (struct batch *b = s->endpoints[i].queue.first; b; b = b->next)
			b->stored = true;
	}
}

bool ship_failed(const struct ship_done *done, size_t i)
{
	if (!done->failed_items)
		return done->nfailed > 0;
	for (size_t k = 0; k < done->nfailed; k++) {
		if (done->failed_items[k] == i)
			return true;
	}
	return false;
}

static void on_outcome(void *batch, const struct outcome *outcome, void *arg)
{
	struct ship *s = arg;
	struct batch *b = batch;
	s->answered = true;
	endpoint_outcome(b->endpoint, b, outcome, s->now_ms);
}

int ship_step(struct ship *s, int64_t now_ms, struct err *err)
{
	int rc = 0;
	s->now_ms = now_ms;
	s->answered = false;
	for (size_t i = 0; i < s->n; i++) {
		struct transport *t = s->endpoints[i].transport;
		int one = t ? t->ops->step(t, on_outcome, s) : 0;
		rc = rc < 0 ? rc : one; /* the others continue */
	}
	return rc < 0 ? err_set(err, rc, "process transfers: %s", strerror(-rc)) : 0;
}

/* When the lane's open batch is complete by its age; INT64_MAX: never. */
static int64_t ripe_ms(const struct ship *s, size_t lane)
{
	const struct batch *b = s->open[lane];
	if (!b || b->bounded)
		return INT64_MAX;
	return b->opened_ms + (int64_t)s->endpoints[s->open_at[lane]].conf->batch_age_ms;
}

/* The lane whose batch has been complete for longest and can go out now, or the number of lanes. */
static unsigned oldest_ripe(const struct ship *s, int64_t now_ms)
{
	unsigned oldest = (unsigned)s->lanes;
	for (unsigned i = 0; i < s->lanes; i++) {
		int64_t at = ripe_ms(s, i);
		if (at <= now_ms && (oldest == s->lanes || at < ripe_ms(s, oldest)) &&
		    schedule_wants(&s->endpoints[s->open_at[i]], now_ms))
			oldest = i;
	}
	return oldest;
}

bool ship_seal_old(struct ship *s, int64_t now_ms)
{
	bool any = false;
	for (unsigned i; (i = oldest_ripe(s, now_ms)) < s->lanes;)
		any = ship_seal(s, i) || any;
	return any;
}

/* Milliseconds until ship_seal_old() has something to do for the lane, or -1: an answer first. */
static int64_t seal_timeout(const struct ship *s, size_t lane, int64_t now_ms)
{
	int64_t at = ripe_ms(s, lane);
	if (at == INT64_MAX)
		return -1;
	const struct endpoint *e = &s->endpoints[s->open_at[lane]];
	int64_t slot = schedule_slot_ms(e, now_ms);
	if (slot == INT64_MAX || (slot <= now_ms && at <= now_ms && !schedule_wants(e, now_ms)))
		return -1;
	if (slot > at)
		at = slot;
	return at > now_ms ? at - now_ms : 0;
}

int ship_start(struct ship *s, int64_t now_ms, struct err *err)
{
	size_t first = s->next, pending = ship_pending(s);
	for (size_t i = 0; i < s->n; i++) {
		size_t at = (first + i) % s->n;
		uint64_t before = s->endpoints[at].tries;
		schedule_start(&s->endpoints[at], s->draining, now_ms);
		if (s->endpoints[at].tries > before)
			s->next = (at + 1) % s->n;
	}
	/* This sends a small request at once, which saves a turn of the loop. */
	int rc = ship_step(s, now_ms, err);
	/* A dry run makes its own answers. */
	s->answered = s->answered || ship_pending(s) < pending;
	return rc;
}

int64_t ship_timeout(const struct ship *s, int64_t now_ms)
{
	int64_t left = -1;
	/* A quick answer may arrive before the loop waits; then no descriptor reports it. */
	if (s->answered)
		return 0;
	if (s->draining) /* nothing is started */
		return -1;
	for (size_t i = 0; i < s->n; i++)
		left = clock_sooner(left, schedule_timeout(&s->endpoints[i], now_ms));
	for (size_t i = 0; i < s->lanes; i++)
		left = clock_sooner(left, seal_timeout(s, i, now_ms));
	return left;
}

int ship_wait(struct ship *s, struct pollfd *fds, size_t nfds, int timeout_ms)
{
	int rc = 0;
	wait_begin(&s->wait, timeout_ms);
	for (size_t i = 0; rc == 0 && i < nfds; i++)
		rc = wait_fd(&s->wait, fds[i].fd, fds[i].events);
	for (size_t i = 0; rc == 0 && i < s->n; i++) {
		struct transport *t = s->endpoints[i].transport;
		rc = t && t->ops->watch ? t->ops->watch(t, &s->wait) : 0;
	}
	if (rc == 0)
		rc = wait_sleep(&s->wait);
	for (size_t i = 0; rc == 0 && i < nfds; i++)
		fds[i].revents = s->wait.fds[i].revents;
	return rc;
}

size_t ship_pending(const struct ship *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n; i++)
		n += s->endpoints[i].queue.records;
	return n;
}

size_t ship_in_flight(const struct ship *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n; i++)
		n += s->endpoints[i].pace.flying;
	return n;
}

size_t ship_flying_records(const struct ship *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n; i++) {
		for (const struct batch *b = s->endpoints[i].queue.first; b; b = b->next)
			n += b->state == BATCH_FLYING ? b->n : 0;
	}
	return n;
}

void ship_drain(struct ship *s)
{
	s->draining = true;
}

void ship_pause(struct ship *s, size_t endpoint, bool paused, int64_t now_ms)
{
	endpoint_pause(&s->endpoints[endpoint], paused, now_ms);
}

void ship_share(struct ship *s, size_t endpoint, unsigned slots, bool half)
{
	struct endpoint *e = &s->endpoints[endpoint];
	e->pace.ceiling = slots;
	e->host->rate.half = half;
}

void ship_status(const struct ship *s, size_t endpoint, struct ship_status *ret)
{
	const struct endpoint *e = &s->endpoints[endpoint];
	*ret = e->status;
	ret->state = e->state;
	ret->next_probe_ms = e->probe_ms > e->pause_ms ? e->probe_ms : e->pause_ms;
	if (e->health == ENDPOINT_OK)
		ret->next_probe_ms = 0;
	ret->since_ms = e->since_ms;
	ret->in_flight = e->pace.flying;
	ret->limit = e->pace.limit;
	ret->batches = e->queue.batches;
	ret->records = e->queue.records;
}

uint64_t ship_worst_memory(const struct ship_conf *conf, size_t lanes)
{
	uint64_t items = conf->format == SHIP_OBJECT ? 1 : conf->batch_records;
	/* Twice, for retries of dead letters, of which the last may be large. */
	uint64_t bytes = 2 * bytes_max(conf) + (lanes + 1) * conf->batch_bytes;
	if (conf->gzip)
		bytes += bytes / 8; /* text never compresses worse than that */
	return bytes + (batches_max(conf, lanes) + 1) * (items + 1) * sizeof(struct ship_item);
}
