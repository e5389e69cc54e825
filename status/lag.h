/*
 * lag.h - the lag of a source, in seconds and records.
 *
 * The time at which PowerMTA logged a row is read with the row, and comes back with its answer.
 * Rows of one second have the same text, which is parsed once.
 */
#ifndef STATUS_LAG_H
#define STATUS_LAG_H

#include "record/record.h"
#include "state/store.h"
#include "status/view.h"

#define LAG_COLUMN "timeLogged"

#define LAG_TIME_SIZE 40 /* a longer timeLogged is not valid */

/* timeLogged of a source's records, real time; 0 while none is known. */
struct lag {
	int64_t read_ms;  /* of the last row read */
	int64_t first_ms; /* of the first row since the start */
	int64_t done_ms;  /* of the last row in its file that was answered */
	int64_t done_file;
	uint64_t done_end;
	int64_t settled_ms;         /* of the last row with none open before it; in the store */
	size_t column;              /* of timeLogged in the last row */
	char parsed[LAG_TIME_SIZE]; /* the last text parsed, and its time */
	int64_t parsed_ms;
	bool changed;         /* settled_ms must be stored */
	int64_t caught_up_ms; /* when nothing was left to do; 0: never yet */
};

/* Call when a row was read.  Returns its time; 0: not known. */
int64_t lag_read(struct lag *t, const struct record *rec);

/* Call when the last row of a batch was answered, after the position moved. */
struct lag_row {
	int64_t file;
	uint64_t end;       /* of the row */
	int64_t logged_ms;  /* its time; 0: not known */
	uint64_t committed; /* everything before this offset is settled */
	bool gaps;          /* something after it is settled, too */
};
void lag_done(struct lag *t, const struct lag_row *row);

/* Load and store settled_ms.  Return 0 or a negative errno; call lag_put() in a transaction. */
int lag_load(struct lag *t, struct store *store, const char *source) MUST_CHECK;
int lag_put(struct lag *t, struct store *store, const char *source) MUST_CHECK;

/* Fills in the lag of a source's view. */
void lag_view(struct source_view *s, const struct lag *t, int64_t now_ms);

#endif
