/*
 * batch.h - one byte range of one file, encoded.
 *
 * A batch owns its bytes; they stay where they are while it is sent.  Its records' objects stand
 * in the body one behind the other with the format's separators between, so that half of a batch
 * is a piece of its body.
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
	BATCH_WAITING, /* failed before; tried again at next_ms or when its turn comes */
};

struct batch {
	struct batch *next;        /* in its endpoint's queue */
	struct endpoint *endpoint; /* while it flies */
	enum batch_state state;
	bool stored;  /* its boundary is in the store, or need not be */
	bool bounded; /* its end is a boundary that was stored before: no limit counts */
	int64_t dead; /* number of the dead letter it is another try of; 0 for none */
	unsigned lane;
	struct ship_tag tag;
	struct ship_item *items;
	size_t n, items_room;
	char *body;
	size_t len, room; /* of body, closing bracket not counted */
	char *packed;     /* gzip of the body, from its first request on */
	size_t packed_len;
	char key[HASH_HEX_SIZE];
	int64_t opened_ms, next_ms;
	unsigned failures;      /* in a row */
	unsigned lone_failures; /* while others succeeded */
	uint64_t failed_at;     /* the endpoint's count of successes then */
	uint64_t tried;         /* the endpoint's count of tries then: for turns */
};

struct batch *batch_new(unsigned lane, const struct ship_tag *tag, int64_t now_ms);
struct batch *batch_free(struct batch *b);

/*
 * Encode a record behind the others.  0; -ENOSPC when it does not fit (then the batch is as it
 * was); -E2BIG when it does not fit into an empty batch either; -ENOMEM.
 */
int batch_add(struct batch *b, const struct ship_conf *conf, const struct record *rec,
              const struct ship_item *item) MUST_CHECK;

/* Add an object that is encoded already. */
int batch_add_text(struct batch *b, const struct ship_conf *conf, struct slice object,
                   const struct ship_item *item) MUST_CHECK;

/* Whether one of the limits says that it is complete. */
bool batch_full(const struct batch *b, const struct ship_conf *conf);

/* No more records: close the body and make the key. */
void batch_seal(struct batch *b, const struct ship_conf *conf);

/* Two sealed halves of a sealed batch of more than one record.  0 or -ENOMEM. */
int batch_split(const struct batch *b, const struct ship_conf *conf, struct batch **ret_left,
                struct batch **ret_right) MUST_CHECK;

/* The object of item i in a sealed batch. */
struct slice batch_object(const struct batch *b, size_t i);

/* Each record as a transport sees it, into room for as many. */
void batch_items(const struct batch *b, struct transport_item *ret);

/* Compress the body for a request.  0 or a negative errno. */
int batch_pack(struct batch *b) MUST_CHECK;

#endif
