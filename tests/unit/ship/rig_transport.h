/*
 * rig_transport.h - a fake transport under the real endpoint.c and schedule.c.  It reports the
 * outcomes that the test gives it, and checks the memory that it was lent.
 *
 * The configuration, the clock, notes and reports are those of rig.h.
 */
#ifndef UNIT_SHIP_RIG_TRANSPORT_H
#define UNIT_SHIP_RIG_TRANSPORT_H

#include "tests/unit/ship/rig.h"

#include "ship/endpoint.h"
#include "ship/schedule.h"
#include "ship/wait.h"

/* ---- the transport ---- */

#define FLYING_MAX 32

struct message {
	void *batch;
	const void *body, *key; /* their addresses */
	char *body_was, *key_was;
	size_t len, n;
	char ids[256]; /* of the items, and their objects */
};

extern struct fake {
	struct transport transport;
	struct message flying[FLYING_MAX];
	size_t nflying, sent;
	unsigned reconnects, credentials;
	int credentials_rc, send_rc;
	int fd;                        /* to be watched; -1: none */
	const struct outcome *outcome; /* of the next message that ends */
} fake;
extern const struct transport_ops fake_ops;

void forget(struct message *m);
/* X1: the lent memory is unchanged and at the same address. */
void check_lent(const struct message *m);

/* ---- an endpoint above it ---- */

extern struct endpoint e;
extern struct wait fake_wait;
/*
 * Reports are "A0-30 ": accepted from 0 to 30; "+1" after a partial batch: item 1 becomes a dead
 * letter.
 */
extern struct ship_hooks fake_hooks;

#define FAKE_TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)
int fake_setup(void **state);
int fake_teardown(void **state);

void open_endpoint(const struct transport_ops *o);

/* Adds n rows of ten bytes from 10 * first on, as one stored batch. */
void enqueue(unsigned first, unsigned n);
/* Sends the batches that may be sent, halves included. */
void start(void);

/* End the oldest message with this outcome. */
struct outcome outcome_of(enum outcome_kind kind);
void end_with(const struct outcome *o);
void end_as(enum outcome_kind kind);

#endif
