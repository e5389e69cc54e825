/*
 * transport.h - the seam between deciding and sending.
 *
 * endpoint.c and schedule.c decide which batch is sent, when, and what happens to it; a transport
 * carries it and reports an outcome.  Neither side knows the other: above this seam no code
 * compares a protocol's status, below it no code decides a retry.
 *
 * Promises
 *
 *  X1  Body and key of a message do not change from send() until its outcome is reported, which
 *      happens once, in step().
 *  X2  A transport judges only its own protocol; endpoint.c decides about retry, hold, split and
 *      dead letter.
 *  X3  No call blocks.  A failed connection is the outcome of the messages on it.
 *
 * A transport serves one endpoint.  Transports of one kind share things (libcurl's connections)
 * through the wait they are opened with.  A new kind is a file with its ops and a row in
 * transport.c.
 */
#ifndef SHIP_TRANSPORT_H
#define SHIP_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/slice.h"

struct ship_conf;
struct wait;

enum outcome_kind {
	OUTCOME_ACCEPTED,
	OUTCOME_PARTIAL, /* accepted, and the receiver reports that some items failed */
	OUTCOME_REFUSED, /* this content, for ever: split, or dead letter */
	OUTCOME_HELD,    /* nothing is wrong with the content: somebody has to change something */
	OUTCOME_RETRY
};

/* Valid during the report only. */
struct outcome {
	enum outcome_kind kind;
	bool slow_down; /* send fewer messages at once */
	bool busy;      /* with RETRY: the receiver is too busy; content and connection are good */
	int code;       /* HTTP status, AMQP reply code, ...; 0 for none.  For display only */
	int64_t retry_after_ms; /* 0: the receiver gave no time */
	int64_t elapsed_us;
	const char *words;   /* one line for people; escaped when logged */
	const char *advice;  /* where to look, or what to change, so that records are accepted */
	struct slice answer; /* as received; perhaps only its beginning */
	size_t nfailed;      /* with PARTIAL: number of items that failed */
	const size_t *failed_items; /* their indexes, ascending; NULL: the receiver names none */
};

/* One record of a message. */
struct transport_item {
	struct slice object; /* its JSON, a piece of the uncompressed body: X1 */
	char event_id[HASH_HEX_SIZE];
	struct slice route; /* routing or message key; empty: none */
};

struct transport_message {
	const void *body;
	size_t len;
	bool gzip;                          /* body is compressed */
	const char *key;                    /* idempotency key; "" for none */
	const struct transport_item *items; /* NULL unless ops->items; valid during send() only */
	size_t n;
};

/* The first member of every transport. */
struct transport {
	const struct transport_ops *ops;
};

typedef void transport_done_fn(void *batch, const struct outcome *outcome, void *arg);

struct transport_ops {
	const char *const *schemes; /* of URLs, NULL at the end */
	bool one_record;            /* a message is one record: format = "object" only */
	bool items;                 /* send() looks at each record */

	/* conf and wait must outlive it.  Nothing is connected yet. */
	int (*open)(struct transport **ret, struct wait *wait, const struct ship_conf *conf,
	            struct err *err);
	/* Breaks off the requests in flight without a report.  Returns NULL. */
	struct transport *(*close)(struct transport *t);

	/*
	 * Reads the credentials again; the next send() uses them.  A negative errno keeps the old
	 * ones: -ENOMEM is retried, any other holds the endpoint.
	 */
	int (*credentials)(struct transport *t, struct err *err);
	/* From now on messages use new connections, to addresses resolved again. */
	void (*reconnect)(struct transport *t);

	/* Begins to send.  Returns 0, or -ENOMEM when nothing was begun. */
	int (*send)(struct transport *t, const struct transport_message *m, void *batch);

	/*
	 * Called before each sleep: adds descriptors, and the time when step() has work next.  They
	 * are hints, because step() is called after every sleep.  NULL: nothing to add.
	 */
	int (*watch)(struct transport *t, struct wait *wait);
	/*
	 * Drives the messages in flight, including those that send() has just begun, and reports
	 * those that ended.  It may do so for all transports of its kind.
	 */
	int (*step)(struct transport *t, transport_done_fn *done, void *arg);
};

/* Returns the transport for the URL's scheme; NULL when there is none. */
const struct transport_ops *transport_for(const char *url);

#endif
