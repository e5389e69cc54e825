#include "state/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ledger_free(struct ledger *l)
{
	free(l->ranges);
	*l = (struct ledger){0};
}

void ledger_reset(struct ledger *l, uint64_t offset)
{
	l->committed = offset;
	l->n = 0;
	parts_cut(&l->parts, offset);
}

/* Ranges after a gap were settled before: they keep their parts. */
void ledger_settling(struct ledger *l, const struct part *how)
{
	struct part what = parts_at(&l->parts, l->committed);
	if (what.how == how->how && what.selection == how->selection)
		return;
	const struct parts before = l->parts;
	what = *how;
	what.from = l->committed;
	parts_set(&l->parts, &what, UINT64_MAX);
	for (size_t i = 0; i < l->n; i++)
		parts_copy(&l->parts, &before, l->ranges[i].start, l->ranges[i].end);
}

static void drop_ranges(struct ledger *l, size_t at, size_t n)
{
	if (n == 0) /* there may be no array yet */
		return;
	memmove(l->ranges + at, l->ranges + at + n, (l->n - at - n) * sizeof(*l->ranges));
	l->n -= n;
}

static void keep_last(struct mark *last, const struct mark *other)
{
	if (other->end > last->end)
		*last = *other;
}

/* Moves the committed offset over range and over the ranges that now touch it. */
static int advance(struct ledger *l, const struct ledger_range *range, struct mark *ret_last)
{
	*ret_last = range->last;
	l->committed = range->end;
	size_t n = 0;
	while (n < l->n && l->ranges[n].start <= l->committed) {
		if (l->ranges[n].end > l->committed)
			l->committed = l->ranges[n].end;
		keep_last(ret_last, &l->ranges[n].last);
		n++;
	}
	drop_ranges(l, 0, n);
	return 1;
}

int ledger_ack(struct ledger *l, const struct ledger_range *range, struct mark *ret_last)
{
	if (range->end <= l->committed)
		return 0;
	if (range->start <= l->committed)
		return advance(l, range, ret_last);
	size_t at = 0; /* the first range that ends at or after our start */
	while (at < l->n && l->ranges[at].end < range->start)
		at++;
	if (at == l->n || l->ranges[at].start > range->end) {
		if (l->n == l->room) {
			size_t room = l->room ? 2 * l->room : 16;
			struct ledger_range *p = realloc(l->ranges, room * sizeof(*p));
			if (!p)
				return -ENOMEM;
			l->ranges = p;
			l->room = room;
		}
		memmove(l->ranges + at + 1, l->ranges + at, (l->n - at) * sizeof(*l->ranges));
		l->ranges[at] = *range;
		l->n++;
		return 0;
	}
	struct ledger_range *r = &l->ranges[at];
	if (range->start < r->start)
		r->start = range->start;
	if (range->end > r->end)
		r->end = range->end;
	keep_last(&r->last, &range->last);
	while (at + 1 < l->n && l->ranges[at + 1].start <= r->end) { /* it now touches the next */
		if (l->ranges[at + 1].end > r->end)
			r->end = l->ranges[at + 1].end;
		keep_last(&r->last, &l->ranges[at + 1].last);
		drop_ranges(l, at + 1, 1);
	}
	return 0;
}

bool ledger_covers(const struct ledger *l, uint64_t end)
{
	if (end <= l->committed)
		return true;
	for (size_t i = 0; i < l->n && l->ranges[i].start < end; i++) {
		if (end <= l->ranges[i].end)
			return true;
	}
	return false;
}

uint64_t ledger_skip(const struct ledger *l, uint64_t offset)
{
	for (size_t i = 0; i < l->n && l->ranges[i].start <= offset; i++) {
		if (l->ranges[i].end > offset)
			return l->ranges[i].end;
	}
	return 0;
}
