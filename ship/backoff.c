#include "ship/backoff.h"

/* xorshift64* (Marsaglia, Vigna): good enough to spread senders, and repeatable in tests. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state ? *state : UINT64_C(88172645463325252);
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * UINT64_C(2685821657736338717);
}

uint64_t backoff_ms(unsigned attempts, uint64_t min_ms, uint64_t max_ms, uint64_t *random)
{
	uint64_t top = min_ms;
	for (unsigned i = 1; i < attempts && top < max_ms; i++)
		top *= 2;
	if (top > max_ms)
		top = max_ms;
	uint64_t floor = min_ms / 2 < top ? min_ms / 2 : top; /* max_ms may be below min_ms / 2 */
	return floor + next_random(random) % (top - floor + 1);
}
