/*
 * disk_growth.h - how fast something on disk grows, by where it stood at the last full hours.
 *
 * A day of it is kept: accounting files are moved, compressed and deleted once a day on most hosts,
 * and only over a day does that come out even.
 */
#ifndef STATUS_DISK_GROWTH_H
#define STATUS_DISK_GROWTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GROWTH_STEP_MS INT64_C(3600000)
#define GROWTH_STEPS 25

struct disk_growth {
	int64_t at_ms[GROWTH_STEPS]; /* monotonic */
	uint64_t bytes[GROWTH_STEPS];
	size_t newest, n;
};

/* Whether disk_growth_note() is due. */
bool disk_growth_due(const struct disk_growth *g, int64_t now_ms);
void disk_growth_note(struct disk_growth *g, int64_t now_ms, uint64_t bytes);

/*
 * Seconds until free bytes are used up, were it to grow on as it did; INFINITY when it does not
 * grow.  Negative when that cannot be told yet: less than an hour is known.
 */
double disk_growth_full_s(const struct disk_growth *g, int64_t now_ms, uint64_t bytes,
                          uint64_t free_bytes);

#endif
