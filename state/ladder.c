#include "state/ladder.h"

#include <string.h>

/* Returns 0 within LADDER_STEP of the newest rung, then one more for each factor of 4. */
static unsigned distance_class(uint64_t distance)
{
	unsigned class = 0;
	for (uint64_t limit = LADDER_STEP; distance >= limit && class < LADDER_MAX / 2 - 1;
	     limit *= 4)
		class ++;
	return class;
}

static void drop(struct ladder *l, size_t at)
{
	memmove(&l->rungs[at], &l->rungs[at + 1], (l->n - at - 1) * sizeof(l->rungs[0]));
	l->n--;
}

/*
 * Removes the middle one of three rungs in one class: the nearest will later be the farthest of its
 * class, and the farthest will be the first to enter the next class.  Class 0 keeps only the newest
 * rung and its farthest.
 */
static void thin(struct ladder *l)
{
	for (size_t i = 1; i + 1 < l->n;) {
		uint64_t newest = l->rungs[0].end;
		unsigned a = distance_class(newest - l->rungs[i - 1].end);
		unsigned b = distance_class(newest - l->rungs[i].end);
		unsigned c = distance_class(newest - l->rungs[i + 1].end);
		if (a == b && b == c)
			drop(l, i);
		else
			i++;
	}
}

void ladder_push(struct ladder *l, const struct mark *mark)
{
	if (mark->end == 0 || (l->n > 0 && mark->end <= l->rungs[0].end))
		return;
	if (l->n == LADDER_MAX)
		drop(l, LADDER_MAX - 1);
	memmove(&l->rungs[1], &l->rungs[0], l->n * sizeof(l->rungs[0]));
	l->rungs[0] = *mark;
	l->n++;
	thin(l);
}

void ladder_cut(struct ladder *l, uint64_t offset)
{
	size_t n = 0;
	while (n < l->n && l->rungs[n].end > offset)
		n++;
	memmove(&l->rungs[0], &l->rungs[n], (l->n - n) * sizeof(l->rungs[0]));
	l->n -= n;
}
