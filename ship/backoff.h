/*
 * backoff.h - the wait before a retry: exponential with full jitter, so that senders that failed
 * together do not return together.  Pure, except for the caller's random state.
 */
#ifndef SHIP_BACKOFF_H
#define SHIP_BACKOFF_H

#include <stdint.h>

/*
 * Milliseconds before attempt number attempts (1 for the first retry): anything between half of
 * min_ms and min(max_ms, min_ms * 2^(attempts-1)).
 */
uint64_t backoff_ms(unsigned attempts, uint64_t min_ms, uint64_t max_ms, uint64_t *random);

#endif
