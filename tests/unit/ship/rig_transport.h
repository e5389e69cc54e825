/*
 * rig_transport.h - a transport of the test's own under the real endpoint.c and schedule.c.  It
 * reports whatever the test wants, and looks after what it was lent.
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
	const void *body, *key; /* where they lay */
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
/* X1: as it was lent, at the place where it lay. */
void check_lent(const struct message *m);

/* ---- an endpoint above it ---- */

extern struct endpoint e;
extern struct wait fake_wait;
/*
 * Reports are "A0-30 ": accepted from 0 to 30; of a partial one the items that become dead letters
 * follow.
 */
extern struct ship_hooks fake_hooks;

#define FAKE_TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)
int fake_setup(void **state);
int fake_teardown(void **state);

void open_endpoint(const struct transport_ops *o);

/* Rows of ten bytes from 10 * first on, as one batch that is stored. */
void enqueue(unsigned first, unsigned n);
/* What may be sent is; halves, too. */
void start(void);

/* What has been under way longest ends so. */
struct outcome outcome_of(enum outcome_kind kind);
void end_with(const struct outcome *o);
void end_as(enum outcome_kind kind);

#endif
