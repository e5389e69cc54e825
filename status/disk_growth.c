#include "status/disk_growth.h"

#include <math.h>

bool disk_growth_due(const struct disk_growth *g, int64_t now_ms)
{
	return g->n == 0 || now_ms - g->at_ms[g->newest] >= GROWTH_STEP_MS;
}

void disk_growth_note(struct disk_growth *g, int64_t now_ms, uint64_t bytes)
{
	g->newest = g->n == 0 ? 0 : (g->newest + 1) % GROWTH_STEPS;
	g->n += g->n < GROWTH_STEPS;
	g->at_ms[g->newest] = now_ms;
	g->bytes[g->newest] = bytes;
}

double disk_growth_full_s(const struct disk_growth *g, int64_t now_ms, uint64_t bytes,
                          uint64_t free_bytes)
{
	if (g->n == 0)
		return -1;
	size_t oldest = (g->newest + GROWTH_STEPS + 1 - g->n) % GROWTH_STEPS;
	int64_t span = now_ms - g->at_ms[oldest];
	if (span < GROWTH_STEP_MS)
		return -1;
	if (bytes <= g->bytes[oldest])
		return INFINITY;
	double per_s = (double)(bytes - g->bytes[oldest]) * 1000 / (double)span;
	return (double)free_bytes / per_s;
}
