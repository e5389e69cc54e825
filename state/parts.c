#include "state/parts.h"

#include <string.h>

static bool same(const struct part *a, const struct part *b)
{
	return a->how == b->how && a->selection == b->selection;
}

struct part parts_at(const struct parts *p, uint64_t offset)
{
	for (size_t i = p->n; i-- > 0;) {
		if (p->v[i].from <= offset)
			return p->v[i];
	}
	return (struct part){0};
}

/* Adds a part at the end.  When they are too many, nothing is claimed any more. */
static void push(struct parts *p, const struct part *what)
{
	const struct part none = {0};
	const struct part *last = p->n > 0 ? &p->v[p->n - 1] : &none;
	if (same(last, what))
		return;
	if (p->n == PARTS_MAX)
		p->n = 0;
	p->v[p->n++] = *what;
}

void parts_set(struct parts *p, const struct part *what, uint64_t end)
{
	const struct parts old = *p;
	struct part after = parts_at(&old, end);
	size_t i = 0;
	after.from = end;
	p->n = 0;
	for (; i < old.n && old.v[i].from < what->from; i++)
		push(p, &old.v[i]);
	push(p, what);
	if (end == UINT64_MAX)
		return;
	push(p, &after);
	for (; i < old.n; i++) {
		if (old.v[i].from > end)
			push(p, &old.v[i]);
	}
}

void parts_copy(struct parts *p, const struct parts *from, uint64_t start, uint64_t end)
{
	struct part piece = parts_at(from, start);
	piece.from = start;
	for (size_t i = 0; i <= from->n; i++) {
		bool last = i == from->n || from->v[i].from >= end;
		if (!last && from->v[i].from <= start)
			continue;
		parts_set(p, &piece, last ? end : from->v[i].from);
		if (last)
			return;
		piece = from->v[i];
	}
}

void parts_cut(struct parts *p, uint64_t offset)
{
	while (p->n > 0 && p->v[p->n - 1].from >= offset)
		p->n--;
}
