/*
 * disk_growth.h - how fast something on disk grows, from its sizes at the last full hours.
 *
 * The sizes of one day are kept: most hosts move, compress and delete accounting files once a day,
 * so only the growth over a whole day is meaningful.
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

/* Returns true if disk_growth_note() is due. */
bool disk_growth_due(const struct disk_growth *g, int64_t now_ms);
void disk_growth_note(struct disk_growth *g, int64_t now_ms, uint64_t bytes);

/*
 * Returns the seconds until free_bytes are used up at the present growth; INFINITY if there is no
 * growth; a negative number while less than one hour of sizes is known.
 */
double disk_growth_full_s(const struct disk_growth *g, int64_t now_ms, uint64_t bytes,
                          uint64_t free_bytes);

#endif
