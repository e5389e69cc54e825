#include "base/nearest.h"

#include <string.h>

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned d = a < b ? a : b;
	return d < c ? d : c;
}

/* Counts the letters to add, remove, change or swap with their neighbour. */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][NEAREST_NONE + 1];
	unsigned *before = rows[0], *last = rows[1], *now = rows[2];
	size_t m = strlen(a), n = strlen(b);
	if (m > NEAREST_NONE || n > NEAREST_NONE)
		return NEAREST_NONE;
	for (unsigned j = 0; j <= n; j++)
		last[j] = j;
	for (unsigned i = 1; i <= m; i++) {
		now[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			unsigned changed = last[j - 1] + (a[i - 1] != b[j - 1]);
			now[j] = least(last[j] + 1, now[j - 1] + 1, changed);
			bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			               a[i - 2] == b[j - 1];
			if (swapped && before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		unsigned *free_row = before;
		before = last;
		last = now;
		now = free_row;
	}
	return last[n];
}

/* A typing mistake changes a third of the letters at most; two are always allowed. */
bool nearest_is(const char *name, const char *candidate, unsigned *best)
{
	unsigned limit = (unsigned)strlen(name) / 3;
	unsigned d = distance(name, candidate);
	if (d > (limit < 2 ? 2 : limit) || d >= strlen(name) || d >= *best)
		return false;
	*best = d;
	return true;
}

const char *nearest_of(const char *name, const char *const *names, size_t n)
{
	const char *ret = NULL;
	unsigned best = NEAREST_NONE;
	for (size_t i = 0; i < n; i++)
		if (nearest_is(name, names[i], &best))
			ret = names[i];
	return ret;
}
