#include "ship/queue.h"

void queue_append(struct queue *q, struct batch *b)
{
	struct batch **p = &q->first;
	while (*p)
		p = &(*p)->next;
	b->next = NULL;
	*p = b;
	q->bytes += b->len;
	q->again += b->dead != 0;
	q->again_bytes += b->dead != 0 ? b->len : 0;
}

static struct batch **link_of(struct queue *q, const struct batch *b)
{
	struct batch **p = &q->first;
	while (*p != b)
		p = &(*p)->next;
	return p;
}

void queue_finish(struct queue *q, struct batch *b)
{
	*link_of(q, b) = b->next;
	q->batches--;
	q->records -= b->n;
	q->bytes -= b->len;
	q->again -= b->dead != 0;
	q->again_bytes -= b->dead != 0 ? b->len : 0;
	(void)batch_free(b);
}

void queue_split(struct queue *q, struct batch *b, struct batch *left, struct batch *right)
{
	left->next = right;
	right->next = b->next;
	*link_of(q, b) = left;
	q->batches++;
	q->bytes += left->len + right->len - b->len;
	(void)batch_free(b);
}

void queue_free(struct queue *q)
{
	while (q->first) {
		struct batch *next = q->first->next;
		(void)batch_free(q->first);
		q->first = next;
	}
}
