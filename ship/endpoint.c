#include "ship/endpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/units.h"
#include "ship/backoff.h"

#define SUMMARY_MS 60000
#define LONE_FAILURES 3 /* of one batch while others succeed, before it is split */
#define LONE_SAID 5     /* of one record while others succeed, before it is logged */
#define CHANGES_SAID 10 /* changes of an endpoint's state logged per minute */

const char *ship_state_name(enum ship_state state)
{
	static const char *const names[] = {"unconfigured", "ok", "retrying", "held", "paused"};
	return names[state];
}

void endpoint_note(const struct endpoint *e, bool problem, const char *fmt, ...)
{
	char text[768];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	e->hooks->on_note(problem, text, e->hooks->arg);
}

/* The only place where the state changes.  A pause hides the health and does not change it. */
static void set_state(struct endpoint *e, enum endpoint_health health, bool paused, int64_t now_ms)
{
	static const enum ship_state shown[] = {
	        [ENDPOINT_UNCONFIGURED] = SHIP_UNCONFIGURED,
	        [ENDPOINT_OK] = SHIP_OK,
	        [ENDPOINT_RETRYING] = SHIP_RETRYING,
	        [ENDPOINT_HELD] = SHIP_HELD,
	        [ENDPOINT_REFUSING] = SHIP_HELD,
	};
	bool turned = shown[health] != shown[e->health];
	enum ship_state state = paused ? SHIP_PAUSED : shown[health];
	if (turned || state != e->state)
		e->since_ms = now_ms;
	if (turned) {
		e->status.meter.holds += shown[health] == SHIP_HELD;
		e->notes.said_ms = now_ms;
		e->state_tries = e->tries;
	}
	e->health = health;
	e->state = state;
}

static void become(struct endpoint *e, enum endpoint_health health, int64_t now_ms)
{
	set_state(e, health, e->state == SHIP_PAUSED, now_ms);
}

void endpoint_pause(struct endpoint *e, bool paused, int64_t now_ms)
{
	set_state(e, e->health, paused, now_ms);
}

int endpoint_open(struct endpoint *e, const struct transport_ops *ops, struct wait *wait,
                  int64_t now_ms, struct err *err)
{
	e->since_ms = now_ms;
	if (e->conf->url[0] || e->hooks->dry_run)
		become(e, ENDPOINT_OK, now_ms);
	pace_open(&e->pace, e->conf->in_flight);
	e->random = (uint64_t)now_ms * 2 + 1;
	if (ops && ops->one_record && e->conf->format != SHIP_OBJECT)
		return err_set(err, -EINVAL,
		               "endpoint \"%s\": its url takes one record at a time; set format = "
		               "\"object\"",
		               e->conf->name);
	return ops ? ops->open(&e->transport, wait, e->conf, err) : 0;
}

void endpoint_close(struct endpoint *e)
{
	if (e->transport)
		e->transport = e->transport->ops->close(e->transport);
	free(e->items);
	queue_free(&e->queue);
}

/* A request that was in flight when the endpoint began to fail is part of that failure. */
static bool is_probe(const struct endpoint *e, const struct batch *b)
{
	return b->tried > e->state_tries;
}

/* One line per change of state, but one per minute for an endpoint that fails now and then. */
static bool may_say(struct endpoint *e, int64_t now_ms)
{
	if (now_ms - e->notes.minute_ms >= SUMMARY_MS) {
		if (e->notes.changes > CHANGES_SAID)
			endpoint_note(e, true,
			              "endpoint \"%s\": failed and recovered %u times in %" PRId64
			              " s, nothing is lost; last failure: %s",
			              e->conf->name, e->notes.changes / 2,
			              (now_ms - e->notes.minute_ms) / 1000, e->notes.last_failure);
		e->notes.changes = 0;
		e->notes.minute_ms = now_ms;
	}
	if (++e->notes.changes == CHANGES_SAID + 1)
		endpoint_note(e, true,
		              "endpoint \"%s\": fails and recovers repeatedly; from now on one "
		              "line per minute gives the count",
		              e->conf->name);
	return e->notes.changes <= CHANGES_SAID;
}

/*
 * The endpoint answers again.  Before the time that it asked us to wait for, an answer does not
 * count: its request was sent earlier.
 */
static void back(struct endpoint *e, const char *how, int64_t now_ms)
{
	if (now_ms < e->pause_ms)
		return;
	if (e->health != ENDPOINT_OK && may_say(e, now_ms))
		endpoint_note(e, false, "endpoint \"%s\": %s again after %" PRId64 " s",
		              e->conf->name, how, (now_ms - e->since_ms) / 1000);
	become(e, ENDPOINT_OK, now_ms);
}

/* ---- outcomes ---- */

/* When the receiver does not report which items failed, any of them may have. */
static void report(struct endpoint *e, const struct batch *b, enum ship_outcome outcome,
                   const struct outcome *o)
{
	bool named = outcome == SHIP_PARTIAL && o->failed_items;
	size_t failed = outcome == SHIP_ACCEPTED ? 0 : b->n;
	const struct ship_done done = {
	        .outcome = outcome,
	        .endpoint = e->index,
	        .lane = b->lane,
	        .tag = b->tag,
	        .items = b->items,
	        .n = b->n,
	        .body = b->body,
	        .stored = e->conf->format != SHIP_OBJECT,
	        .dead = b->dead,
	        .status = o->code,
	        .why = o->words,
	        .answer = o->answer,
	        .run = e->memory.run,
	        .nfailed = named ? o->nfailed : failed,
	        .failed_items = named ? o->failed_items : NULL,
	};
	e->hooks->on_done(&done, e->hooks->arg);
}

/* The endpoint accepted something, so its failure is over. */
static void recovered(struct endpoint *e, int64_t now_ms)
{
	int64_t run = e->memory.run;
	unsigned refused = e->memory.refused_in_a_row, limit = e->conf->refuse_limit;
	bool refusing = e->health == ENDPOINT_REFUSING;
	/* The hold may have begun before a restart of the agent. */
	bool lifted = refused > 0 && (refusing || (limit > 0 && refused >= limit));
	if (refusing)
		become(e, ENDPOINT_HELD, now_ms);
	back(e, "accepting", now_ms);
	e->memory.ever_accepted = true;
	if (e->memory.refused_in_a_row > 0)
		e->memory.run++;
	e->memory.refused_in_a_row = 0;
	e->attempts = 0;
	if (e->health == ENDPOINT_OK)
		e->status.last_error[0] = '\0';
	e->successes++;
	if (lifted)
		e->hooks->on_lifted(e->index, run, e->hooks->arg);
}

static void say_partial(struct endpoint *e, size_t failed, size_t n, int64_t now_ms)
{
	unsigned long left_out;
	char more[LOG_MORE_SIZE];
	if (log_allowed(&e->notes.partial_limit, now_ms, SUMMARY_MS, &left_out))
		endpoint_note(
		        e, true,
		        "endpoint \"%s\": reports that %zu of %zu event%s failed; the rows are "
		        "kept as partial dead letters and not sent again automatically%s",
		        e->conf->name, failed, n, units_s(n), log_more(left_out, more));
}

static void accepted(struct endpoint *e, struct batch *b, const struct outcome *o, int64_t now_ms)
{
	bool partial = o->kind == OUTCOME_PARTIAL;
	pace_answered(&e->pace, o->elapsed_us / 1000);
	e->status.meter.accepted_batches++;
	e->status.meter.accepted_records += b->n;
	if (partial)
		say_partial(e, o->nfailed, b->n, now_ms);
	report(e, b, partial ? SHIP_PARTIAL : SHIP_ACCEPTED, o);
	queue_finish(&e->queue, b);
	recovered(e, now_ms);
}

static void wait_until(struct batch *b, int64_t ms)
{
	b->state = BATCH_WAITING;
	b->next_ms = ms;
}

void endpoint_failing(struct endpoint *e, enum endpoint_health health, int64_t wait_ms,
                      int64_t now_ms)
{
	if (e->health != ENDPOINT_REFUSING) /* only an accepted record ends that */
		become(e, health, now_ms);
	if (now_ms + wait_ms > e->probe_ms)
		e->probe_ms = now_ms + wait_ms;
}

/* The endpoint refuses everything: the fault is in its configuration, not in the record. */
static void hold_refusing(struct endpoint *e, struct batch *b, const char *words, int64_t now_ms)
{
	if (e->health != ENDPOINT_REFUSING)
		endpoint_note(e, true,
		              "endpoint \"%s\": refuses %s (%s); held, nothing is lost; check url, "
		              "format and type-field; other records are sent as probes meanwhile",
		              e->conf->name,
		              e->memory.ever_accepted ? "record after record"
		                                      : "everything sent so far",
		              words);
	wait_until(b, now_ms + (int64_t)e->conf->hold_interval_ms);
	if (is_probe(e, b) || e->attempts == 0)
		e->attempts++;
	e->transport->ops->reconnect(e->transport);
	endpoint_failing(e, ENDPOINT_REFUSING,
	                 (int64_t)backoff_ms(e->attempts, e->conf->retry_min_ms,
	                                     e->conf->hold_interval_ms, &e->random),
	                 now_ms);
}

static void split(struct endpoint *e, struct batch *b, int64_t now_ms)
{
	struct batch *left, *right;
	if (batch_split(b, e->conf, &left, &right) < 0) {
		wait_until(b, now_ms + (int64_t)e->conf->retry_min_ms); /* out of memory: later */
		return;
	}
	queue_split(&e->queue, b, left, right);
}

/* The endpoint refuses the content. */
static void refused(struct endpoint *e, struct batch *b, const struct outcome *o, int64_t now_ms)
{
	const struct ship_memory *m = &e->memory;
	unsigned limit = e->conf->refuse_limit;
	/* A refused retry of a dead letter is no news and costs nothing: it stays a dead letter. */
	bool believed = b->dead || limit == 0 || (m->ever_accepted && m->refused_in_a_row < limit);
	if (b->n == 1 && !believed) {
		hold_refusing(e, b, o->words, now_ms);
		return;
	}
	if (e->health != ENDPOINT_REFUSING) /* it answers, and judges the content */
		back(e, "answering", now_ms);
	if (b->n > 1) {
		split(e, b, now_ms);
		return;
	}
	e->memory.refused_in_a_row += b->dead == 0;
	e->status.meter.refused_records++;
	report(e, b, SHIP_REFUSED, o);
	queue_finish(&e->queue, b);
}

static void held(struct endpoint *e, struct batch *b, const struct outcome *o, int64_t now_ms)
{
	char every[UNITS_FOR_PEOPLE];
	if (e->health != ENDPOINT_HELD && e->health != ENDPOINT_REFUSING)
		endpoint_note(
		        e, true,
		        "endpoint \"%s\": held, nothing is lost: %s; %s; trying again every %s",
		        e->conf->name, o->words, o->advice,
		        units_seconds((int64_t)e->conf->hold_interval_ms, every));
	(void)snprintf(e->status.last_error, sizeof(e->status.last_error), "%.160s; %.90s",
	               o->words, o->advice);
	wait_until(b, 0);
	e->transport->ops->reconnect(e->transport);
	endpoint_failing(e, ENDPOINT_HELD, (int64_t)e->conf->hold_interval_ms, now_ms);
}

static void say_lone(const struct endpoint *e, const struct batch *b, const char *words)
{
	char id[HASH_HEX_SIZE];
	hash_hex(&b->items[0].mark.id, id);
	endpoint_note(e, true,
	              "endpoint \"%s\": the record with eventId %s, at byte %" PRIu64
	              " of its file, keeps failing while others are accepted: %s; it is "
	              "retried separately until it is accepted",
	              e->conf->name, id, b->items[0].mark.start, words);
}

/*
 * A batch that fails while others succeed is at fault itself: it backs off alone, and the others
 * overtake it.  Returns true if this is such a batch.
 */
static bool alone(struct endpoint *e, struct batch *b, const struct outcome *o, int64_t now_ms)
{
	if (b->failures < 2 || e->successes == b->failed_at || e->health != ENDPOINT_OK || o->busy)
		return false;
	b->lone_failures++;
	if (b->lone_failures >= LONE_FAILURES && b->n > 1) {
		split(e, b, now_ms);
		return true;
	}
	if (b->lone_failures == LONE_SAID)
		say_lone(e, b, o->words);
	b->failed_at = e->successes;
	int64_t wait = (int64_t)backoff_ms(b->lone_failures + 1, e->conf->retry_min_ms,
	                                   e->conf->retry_max_ms, &e->random);
	wait_until(b, now_ms + (o->retry_after_ms > 0 ? o->retry_after_ms : wait));
	return true;
}

static void retry(struct endpoint *e, struct batch *b, const struct outcome *o, int64_t now_ms)
{
	b->failures++;
	e->status.meter.retries++;
	if (alone(e, b, o, now_ms))
		return;
	b->failed_at = e->successes;
	wait_until(b, 0);
	char in[UNITS_FOR_PEOPLE];
	bool first = e->health == ENDPOINT_OK;
	int64_t wait = o->retry_after_ms;
	if (wait > 0 && now_ms + wait > e->pause_ms)
		e->pause_ms = now_ms + wait;
	if (!first && !is_probe(e, b))
		return;
	e->attempts++;
	if (wait <= 0)
		wait = (int64_t)backoff_ms(e->attempts, e->conf->retry_min_ms,
		                           e->conf->retry_max_ms, &e->random);
	if (first && may_say(e, now_ms))
		endpoint_note(e, true, "endpoint \"%s\": %s; trying again in %s, nothing is lost",
		              e->conf->name, o->words, units_seconds(wait, in));
	if (!o->busy) /* a busy receiver has a good connection */
		e->transport->ops->reconnect(e->transport);
	endpoint_failing(e, ENDPOINT_RETRYING, wait, now_ms);
}

void endpoint_outcome(struct endpoint *e, struct batch *b, const struct outcome *o, int64_t now_ms)
{
	e->pace.flying--;
	meter_request(&e->status.meter, o->code, o->elapsed_us, b->n,
	              b->packed ? b->packed_len : b->len);
	if (o->slow_down)
		pace_halve(&e->pace);
	if (o->kind != OUTCOME_ACCEPTED)
		(void)snprintf(e->status.last_error, sizeof(e->status.last_error), "%s", o->words);
	if (o->kind == OUTCOME_RETRY)
		(void)snprintf(e->notes.last_failure, sizeof(e->notes.last_failure), "%s",
		               o->words);
	switch (o->kind) {
	case OUTCOME_ACCEPTED:
	case OUTCOME_PARTIAL:
		accepted(e, b, o, now_ms);
		break;
	case OUTCOME_REFUSED:
		refused(e, b, o, now_ms);
		break;
	case OUTCOME_HELD:
		held(e, b, o, now_ms);
		break;
	case OUTCOME_RETRY:
		retry(e, b, o, now_ms);
		break;
	}
}

/* Logs a line per minute while the endpoint fails, even when nothing is tried in that minute. */
void endpoint_summary(struct endpoint *e, int64_t now_ms)
{
	if (e->state == SHIP_OK || now_ms - e->notes.said_ms < SUMMARY_MS)
		return;
	e->notes.said_ms = now_ms;
	endpoint_note(e, true, "endpoint \"%s\": %s for %" PRId64 " s, %zu record%s: %s",
	              e->conf->name, ship_state_name(e->state), (now_ms - e->since_ms) / 1000,
	              e->queue.records, e->queue.records == 1 ? " waits" : "s wait",
	              e->status.last_error);
}
