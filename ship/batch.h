/*
 * batch.h - one byte range of one file, encoded.
 *
 * A batch owns its bytes; they do not move while it is sent.  The objects of its records follow one
 * another in the body, with only the format's separators between them, so that half of a batch is a
 * piece of its body.
 */
#ifndef SHIP_BATCH_H
#define SHIP_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "ship/ship.h"
#include "ship/transport.h"

struct endpoint;

enum batch_state {
	BATCH_OPEN,    /* taking records */
	BATCH_SEALED,  /* complete; sent once its boundary is stored */
	BATCH_FLYING,  /* in a request */
	BATCH_WAITING, /* failed before; retried at next_ms or when its turn comes */
};

struct batch {
	struct batch *next;        /* in its endpoint's queue */
	struct endpoint *endpoint; /* set while it is in flight */
	enum batch_state state;
	bool stored;  /* its boundary is in the store, or does not need to be */
	bool bounded; /* it ends at a boundary that was stored earlier: no limit applies */
	int64_t dead; /* number of the dead letter that it retries; 0 for none */
	unsigned lane;
	struct ship_tag tag;
	struct ship_item *items;
	size_t n, items_room;
	char *body;
	size_t len, room; /* of body; len excludes the closing bracket until the batch is sealed */
	char *packed;     /* gzip of the body, from its first request on */
	size_t packed_len;
	char key[HASH_HEX_SIZE];
	int64_t opened_ms, next_ms;
	unsigned failures;      /* in a row */
	unsigned lone_failures; /* failures while other batches succeeded */
	uint64_t failed_at;     /* the endpoint's count of successes at the last failure */
	uint64_t tried; /* the endpoint's count of tries at the last try: for taking turns */
};

struct batch *batch_new(unsigned lane, const struct ship_tag *tag, int64_t now_ms);
struct batch *batch_free(struct batch *b);

/*
 * Encodes a record and appends it.  Returns 0; -ENOSPC when it does not fit (the batch is then
 * unchanged); -E2BIG when it does not fit into an empty batch either; or -ENOMEM.
 */
int batch_add(struct batch *b, const struct ship_conf *conf, const struct record *rec,
              const struct ship_item *item) MUST_CHECK;

/* Appends an object that is already encoded. */
int batch_add_text(struct batch *b, const struct ship_conf *conf, struct slice object,
                   const struct ship_item *item) MUST_CHECK;

/* Returns true if the batch has reached one of its limits. */
bool batch_full(const struct batch *b, const struct ship_conf *conf);

/* Accepts no more records: closes the body and computes the key. */
void batch_seal(struct batch *b, const struct ship_conf *conf);

/* Splits a sealed batch of more than one record into two sealed halves.  Returns 0 or -ENOMEM. */
int batch_split(const struct batch *b, const struct ship_conf *conf, struct batch **ret_left,
                struct batch **ret_right) MUST_CHECK;

/* Returns the object of item i in a sealed batch. */
struct slice batch_object(const struct batch *b, size_t i);

/* Writes each record as a transport sees it.  ret has room for b->n. */
void batch_items(const struct batch *b, struct transport_item *ret);

/* Compresses the body for a request.  Returns 0 or a negative errno. */
int batch_pack(struct batch *b) MUST_CHECK;

#endif
