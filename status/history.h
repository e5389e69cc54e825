/*
 * history.h - numbers over the last hour, in memory that is fixed when it is opened.
 *
 * A history holds a number of series.  When history_due() returns true, the owner passes the
 * present values of all of them; the history keeps the values of the last 60 seconds and of the
 * last 60 minutes, counted from the opening.  It has no timer: an owner that was asleep when
 * samples were due passes the present values before it does anything else, since they have not
 * changed meanwhile.
 *
 * It reads no clock and knows no agent: the owner passes times (milliseconds that never go back).
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
	HISTORY_COUNTER, /* counts up; a lower value means that it restarted at 0 */
	HISTORY_TOTAL,   /* counts up; a lower value is a rewind, and regained growth is not counted
	                  */
	HISTORY_LEVEL,   /* goes up and down */
};

struct history_series {
	char name[HISTORY_NAME_SIZE]; /* history_open() finds a series in before by its name */
	enum history_kind kind;
};

struct history;

/*
 * Opens a history of n series.  The values of series with the same name are copied from before
 * (NULL for none), which the caller still closes.  Returns 0 or -ENOMEM.
 */
int history_open(struct history **ret, const struct history_series *series, size_t n,
                 int64_t now_ms, const struct history *before) MUST_CHECK;
struct history *history_close(struct history *h);

/*
 * Returns true if a call of history_take() is due.  *ret_levels is true if it needs the values of
 * levels, too; otherwise it ignores them.  Returns false for NULL.
 */
bool history_due(const struct history *h, int64_t now_ms, bool *ret_levels);

/* values: one for each series; they apply to all samples since the last call. */
void history_take(struct history *h, int64_t now_ms, const uint64_t *values);

/*
 * Returns the growth per second of a counter or total in the last span_ms before the last
 * history_take(), or since the opening if that is later.  The span is exact to the second up to a
 * minute, and to the minute beyond.  Returns 0 while nothing is known.
 */
double history_rate(const struct history *h, size_t series, int64_t span_ms);

/*
 * Fills in the last whole minutes, oldest first: the growth of a counter or total in each minute,
 * the value of a level at the end of each.  Returns their number, at most HISTORY_MINUTES.
 */
size_t history_minutes(const struct history *h, size_t series, uint64_t ret[HISTORY_MINUTES]);

/* Returns the end of the last of those minutes; the time of the opening if there is none. */
int64_t history_last_minute_ms(const struct history *h);

#endif
