/*
 * queue.h - the batches of one endpoint, in order, and their counts.  Used in ship/ only.
 */
#ifndef SHIP_QUEUE_H
#define SHIP_QUEUE_H

#include "ship/batch.h"

/* Batches that lanes still fill count from their beginning, but are not in the list yet. */
struct queue {
	struct batch *first;       /* sealed, in flight and waiting */
	size_t batches, records;   /* in the list and open */
	size_t bytes;              /* of bodies in the list */
	size_t again, again_bytes; /* the part of batches and bytes that retries dead letters */
};

void queue_append(struct queue *q, struct batch *b);
/* Removes b and frees it. */
void queue_finish(struct queue *q, struct batch *b);
/* Puts the halves of b in its place and frees it. */
void queue_split(struct queue *q, struct batch *b, struct batch *left, struct batch *right);
/* Frees every batch of the list. */
void queue_free(struct queue *q);

#endif
