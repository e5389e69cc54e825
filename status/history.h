/*
 * history.h - numbers over the last hour, in memory that is fixed when it is opened.
 *
 * A history holds a number of series.  The owner gives it the present value of all of them when
 * history_due() says so; it keeps where they stood at the last 60 seconds and at the last 60
 * minutes, counted from the opening.  It has no timer: an owner that slept over some of those
 * moments hands in, before it does anything else, what stands now, which is what stood then.
 *
 * It knows no clock and no agent: times are what the owner says (milliseconds that never go back).
 */
#ifndef STATUS_HISTORY_H
#define STATUS_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HISTORY_MINUTES 60
#define HISTORY_NAME_SIZE 96

enum history_kind {
	HISTORY_COUNTER, /* counts up; a lower value means that it began again at 0 */
	HISTORY_TOTAL, /* counts up; a lower value is a step back, and way made twice counts once */
	HISTORY_LEVEL, /* goes up and down */
};

struct history_series {
	char name[HISTORY_NAME_SIZE]; /* by which history_open() finds it again */
	enum history_kind kind;
};

struct history;

/*
 * Begin n series.  before (NULL for none) gives up what it knows of series with the same name, and
 * stays the caller's to close.  0 or -ENOMEM, with before as it was.
 */
int history_open(struct history **ret, const struct history_series *series, size_t n,
                 int64_t now_ms, const struct history *before) MUST_CHECK;
struct history *history_close(struct history *h);

/*
 * Whether a moment has passed for which history_take() is wanted.  *ret_levels: also the levels
 * are; else those may be left as they are, whatever stands there.  False for NULL.
 */
bool history_due(const struct history *h, int64_t now_ms, bool *ret_levels);

/* values: one for each series, as they stood at all moments since the last call. */
void history_take(struct history *h, int64_t now_ms, const uint64_t *values);

/*
 * By how much a counter or total grew a second in the last span_ms before the last history_take(),
 * or since the opening when that is later.  Exact to the second up to a minute, to the minute
 * beyond.  0 when nothing is known yet.
 */
double history_rate(const struct history *h, size_t series, int64_t span_ms);

/*
 * The last whole minutes, the oldest first: of a counter or total by how much it grew in each, of
 * a level where it stood at the end of each.  Returns how many there are, at most HISTORY_MINUTES.
 */
size_t history_minutes(const struct history *h, size_t series, uint64_t ret[HISTORY_MINUTES]);

/* When the last of those minutes ended; the opening when there is none. */
int64_t history_last_minute_ms(const struct history *h);

#endif
