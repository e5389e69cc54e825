/*
 * transport.h - the seam between deciding and sending.
 *
 * endpoint.c and schedule.c decide which batch goes out, when, and what becomes of it; a transport
 * carries it and reports an outcome.  Neither side knows the other: no status of a protocol is
 * compared above this seam, no retry is decided below it.
 *
 * Promises
 *
 *  X1  Body and key of a message stay untouched from send() until its outcome is reported, which is
 *      once, from step().
 *  X2  A transport judges its own protocol only; retry, hold, split and dead letter are
 *      endpoint.c's.
 *  X3  No call blocks.  A connection that fails is the outcome of what was on it.
 *
 * A transport serves one endpoint.  What those of one kind have in common (libcurl's connections)
 * they find through the wait they are opened with.  A new kind is a file with its ops and a row in
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
	OUTCOME_PARTIAL, /* accepted, and the receiver says that some items failed */
	OUTCOME_REFUSED, /* this content, never: split, or dead letter */
	OUTCOME_HELD,    /* nothing is wrong with the content: somebody has to change something */
	OUTCOME_RETRY
};

/* Good during the report only. */
struct outcome {
	enum outcome_kind kind;
	bool slow_down; /* fewer messages at once */
	bool busy;      /* of RETRY: it answers, and is too busy; content and connection are good */
	int code;       /* HTTP status, AMQP reply code, ...; 0 for none: shown, never decided by */
	int64_t retry_after_ms; /* 0: no time was named */
	int64_t elapsed_us;
	const char *words;          /* one line for people; escaped when logged */
	const char *advice;         /* what to change so that a held endpoint takes records again */
	struct slice answer;        /* as it came; perhaps only its beginning */
	size_t nfailed;             /* of PARTIAL: so many items */
	const size_t *failed_items; /* which, ascending; NULL: the receiver does not say */
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
	const struct transport_item *items; /* NULL unless ops->items; good during send() only */
	size_t n;
};

/* What every transport begins with. */
struct transport {
	const struct transport_ops *ops;
};

typedef void transport_done_fn(void *batch, const struct outcome *outcome, void *arg);

struct transport_ops {
	const char *const *schemes; /* of urls, NULL at the end */
	bool one_record;            /* a message is one record: format = "object" only */
	bool items;                 /* send() looks at each record */

	/* conf and wait must outlive it.  Nothing is connected yet. */
	int (*open)(struct transport **ret, struct wait *wait, const struct ship_conf *conf,
	            struct err *err);
	/* What is under way is broken off without a report.  Returns NULL. */
	struct transport *(*close)(struct transport *t);

	/*
	 * Read credentials afresh; the next send() uses them.  A negative errno keeps what it had:
	 * -ENOMEM is tried again, any other holds the endpoint.
	 */
	int (*credentials)(struct transport *t, struct err *err);
	/* From now on messages go over new connections, to addresses looked up anew. */
	void (*reconnect)(struct transport *t);

	/* Begin to send.  0; or -ENOMEM, and nothing was begun. */
	int (*send)(struct transport *t, const struct transport_message *m, void *batch);

	/*
	 * Before each sleep: add descriptors, and the time by which step() has something to do.
	 * They are hints, for step() is called after every sleep.  NULL: nothing to add.
	 */
	int (*watch)(struct transport *t, struct wait *wait);
	/*
	 * Move on what is under way, also what send() began just now, and report what ended.  It
	 * may do so for all transports of its kind.
	 */
	int (*step)(struct transport *t, transport_done_fn *done, void *arg);
};

/* By the scheme of the url; NULL when there is none for it. */
const struct transport_ops *transport_for(const char *url);

#endif
