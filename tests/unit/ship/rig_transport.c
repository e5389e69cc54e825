/* Implements rig_transport.h: a fake transport, and an endpoint above it. */
#include "tests/unit/ship/rig_transport.h"

/* ---- the transport ---- */

struct fake fake;

static int fake_open(struct transport **ret, struct wait *wait, const struct ship_conf *with,
                     struct err *err)
{
	(void)wait;
	(void)with;
	(void)err;
	*ret = &fake.transport;
	return 0;
}

void forget(struct message *m)
{
	free(m->body_was);
	free(m->key_was);
}

static struct transport *fake_close(struct transport *t)
{
	assert_ptr_equal(t, &fake.transport);
	for (size_t i = 0; i < fake.nflying; i++)
		forget(&fake.flying[i]);
	fake.nflying = 0;
	return NULL;
}

static int fake_credentials(struct transport *t, struct err *err)
{
	(void)t;
	fake.credentials++;
	return fake.credentials_rc < 0 ? err_set(err, fake.credentials_rc, "no password") : 0;
}

static void fake_reconnect(struct transport *t)
{
	(void)t;
	fake.reconnects++;
}

static int fake_send(struct transport *t, const struct transport_message *m, void *batch)
{
	(void)t;
	if (fake.send_rc < 0)
		return fake.send_rc;
	assert_true(fake.nflying < FLYING_MAX);
	struct message *to = &fake.flying[fake.nflying++];
	*to = (struct message){.batch = batch,
	                       .body = m->body,
	                       .key = m->key,
	                       .body_was = malloc(m->len),
	                       .key_was = strdup(m->key),
	                       .len = m->len,
	                       .n = m->n};
	assert_non_null(to->body_was);
	memcpy(to->body_was, m->body, m->len);
	assert_true((m->items != NULL) == t->ops->items);
	for (size_t i = 0; m->items && i < m->n; i++) {
		const struct transport_item *item = &m->items[i];
		size_t at = strlen(to->ids);
		(void)snprintf(to->ids + at, sizeof(to->ids) - at, "%.2s=%.*s ", item->event_id,
		               (int)item->object.len, item->object.text);
		assert_int_equal(item->route.len, 0);
		assert_int_equal(strlen(item->event_id), HASH_HEX_SIZE - 1);
	}
	fake.sent++;
	return 0;
}

static int fake_watch(struct transport *t, struct wait *wait)
{
	(void)t;
	wait_within(wait, 100);
	return fake.fd >= 0 ? wait_fd(wait, fake.fd, POLLIN) : 0;
}

/* X1: the lent memory is unchanged and at the same address. */
void check_lent(const struct message *m)
{
	assert_memory_equal(m->body, m->body_was, m->len);
	assert_string_equal(m->key, m->key_was);
}

/* Ends the oldest message if the test has given an outcome. */
static int fake_step(struct transport *t, transport_done_fn *done, void *arg)
{
	(void)t;
	if (!fake.outcome)
		return 0;
	assert_true(fake.nflying > 0);
	struct message m = fake.flying[0];
	check_lent(&m);
	memmove(&fake.flying[0], &fake.flying[1], --fake.nflying * sizeof(m));
	done(m.batch, fake.outcome, arg);
	fake.outcome = NULL;
	forget(&m);
	return 0;
}

static const char *const schemes[] = {"fake", NULL};
const struct transport_ops fake_ops = {.schemes = schemes,
                                       .open = fake_open,
                                       .close = fake_close,
                                       .credentials = fake_credentials,
                                       .reconnect = fake_reconnect,
                                       .send = fake_send,
                                       .watch = fake_watch,
                                       .step = fake_step};

/* ---- an endpoint above it ---- */

struct endpoint e;
struct wait fake_wait;
struct ship_hooks fake_hooks;

/* "A0-30 ": accepted from 0 to 30; "+1" after a partial batch: item 1 becomes a dead letter. */
static void on_done(const struct ship_done *d, void *arg)
{
	static const char letters[] = "APR";
	(void)arg;
	FILE *f = fmemopen(reports, sizeof(reports), "a");
	assert_non_null(f);
	(void)fprintf(f, "%c%ju-%ju", letters[d->outcome], (uintmax_t)d->items[0].start,
	              (uintmax_t)d->items[d->n - 1].mark.end);
	size_t failed = 0;
	for (size_t i = 0; i < d->n; i++) {
		failed += ship_failed(d, i);
		if (d->outcome == SHIP_PARTIAL && ship_failed(d, i))
			(void)fprintf(f, "+%zu", i);
	}
	assert_int_equal(failed, d->nfailed);
	(void)fprintf(f, " ");
	(void)fclose(f);
}

void open_endpoint(const struct transport_ops *o)
{
	struct err err = {0};
	e = (struct endpoint){.conf = &conf, .hooks = &fake_hooks, .host = &e};
	e.memory.ever_accepted = true;
	fake.transport.ops = o;
	assert_int_equal(endpoint_open(&e, o, &fake_wait, now_ms, &err), 0);
}

int fake_setup(void **state)
{
	static char name[] = "broker", url[] = "fake://host/";
	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.fd = -1;
	now_ms = 5000000;
	reports[0] = notes[0] = '\0';
	fake_wait = (struct wait){0};
	fake_hooks = hooks;
	fake_hooks.on_done = on_done;
	conf = (struct ship_conf){.name = name,
	                          .url = url,
	                          .format = SHIP_ARRAY,
	                          .batch_records = 10,
	                          .batch_bytes = 4096,
	                          .in_flight = 8,
	                          .retry_min_ms = 1000,
	                          .retry_max_ms = 8000,
	                          .hold_interval_ms = 60000,
	                          .refuse_limit = 3};
	open_endpoint(&fake_ops);
	return 0;
}

int fake_teardown(void **state)
{
	(void)state;
	endpoint_close(&e);
	wait_close(&fake_wait);
	return 0;
}

/* Adds n rows of ten bytes from 10 * first on, as one stored batch. */
void enqueue(unsigned first, unsigned n)
{
	static const struct ship_tag tag = {1, NULL};
	struct batch *b = batch_new(0, &tag, now_ms);
	assert_non_null(b);
	for (unsigned i = first; i < first + n; i++) {
		char object[32];
		(void)snprintf(object, sizeof(object), "{\"n\":\"%u\"}", i);
		const struct ship_item item = {.start = i * 10,
		                               .mark = {i * 10, i * 10 + 10, {{(unsigned char)i}}}};
		assert_int_equal(batch_add_text(b, &conf, slice_of(object), &item), 0);
	}
	batch_seal(b, &conf);
	b->stored = true;
	e.queue.batches++;
	e.queue.records += b->n;
	queue_append(&e.queue, b);
}

void start(void)
{
	for (struct batch *b = e.queue.first; b; b = b->next)
		b->stored = true; /* halves, too */
	schedule_start(&e, false, now_ms);
}

struct outcome outcome_of(enum outcome_kind kind)
{
	return (struct outcome){.kind = kind,
	                        .code = 312,
	                        .words = "some words",
	                        .advice = "some advice",
	                        .answer = SLICE_EMPTY,
	                        .elapsed_us = 1000};
}

/* As in ship.c. */
static void on_outcome(void *batch, const struct outcome *o, void *arg)
{
	struct batch *b = batch;
	(void)arg;
	assert_ptr_equal(b->endpoint, &e);
	endpoint_outcome(b->endpoint, b, o, now_ms);
}

void end_with(const struct outcome *o)
{
	fake.outcome = o;
	assert_int_equal(e.transport->ops->step(e.transport, on_outcome, NULL), 0);
}

void end_as(enum outcome_kind kind)
{
	const struct outcome o = outcome_of(kind);
	end_with(&o);
}
