#include "ship/pace.h"

#define START_LIMIT 2

void pace_open(struct pace *p, unsigned most)
{
	*p = (struct pace){.limit = most < START_LIMIT ? most : START_LIMIT,
	                   .most = most,
	                   .ceiling = most,
	                   .best_ms = -1};
}

void pace_answered(struct pace *p, int64_t elapsed_ms)
{
	if (p->best_ms < 0 || elapsed_ms < p->best_ms)
		p->best_ms = elapsed_ms;
	if (elapsed_ms <= 4 * p->best_ms + 20 && p->limit < p->most)
		p->limit++;
	p->best_ms += (elapsed_ms - p->best_ms + 31) / 32;
}

void pace_halve(struct pace *p)
{
	p->limit = p->limit > 1 ? p->limit / 2 : 1;
}

unsigned pace_limit(const struct pace *p, bool failing)
{
	unsigned limit = failing ? 1 : p->limit;
	return limit < p->ceiling ? limit : p->ceiling;
}

/*
 * Milliseconds between two requests, rounded up, because the rate must not be exceeded.  When the
 * rate is shared, each side uses half of it.
 */
static int64_t gap_ms(const struct rate *r, unsigned per_minute)
{
	if (r->half)
		per_minute = per_minute > 1 ? per_minute / 2 : 1;
	return (60000 + per_minute - 1) / per_minute;
}

void rate_use(struct rate *r, unsigned per_minute, int64_t now_ms)
{
	if (per_minute > 0)
		r->slot_ms = (r->slot_ms > now_ms ? r->slot_ms : now_ms) + gap_ms(r, per_minute);
}
