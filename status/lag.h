/*
 * lag.h - how far behind a source is, in seconds and records.
 *
 * The time at which PowerMTA logged a row is read when the row is, and comes back with its answer.
 * Rows of one second share the text of it, which is parsed once.
 */
#ifndef STATUS_LAG_H
#define STATUS_LAG_H

#include "record/record.h"
#include "state/store.h"
#include "status/view.h"

#define LAG_COLUMN "timeLogged"

#define LAG_TIME_SIZE 40 /* a longer timeLogged is none */

/* timeLogged of a source's records, real time; 0 while none is known. */
struct lag {
	int64_t read_ms;  /* of the last row read */
	int64_t first_ms; /* of the first one since the start */
	int64_t done_ms;  /* of the last one in its file that was answered for */
	int64_t done_file;
	uint64_t done_end;
	int64_t settled_ms;         /* and with nothing before it open; in the store */
	size_t column;              /* where timeLogged stood the last time */
	char parsed[LAG_TIME_SIZE]; /* what it said then, and */
	int64_t parsed_ms;
	bool changed;         /* settled_ms is to be stored */
	int64_t caught_up_ms; /* nothing was left to do then; 0: never yet */
};

/* A row was read.  Returns its time; 0: not known. */
int64_t lag_read(struct lag *t, const struct record *rec);

/* The last row of a batch was answered for, after its position moved. */
struct lag_row {
	int64_t file;
	uint64_t end;       /* of the row */
	int64_t logged_ms;  /* its time; 0: not known */
	uint64_t committed; /* all of the file before it is settled */
	bool gaps;          /* and something beyond it is, too */
};
void lag_done(struct lag *t, const struct lag_row *row);

/* The part that the store keeps.  0 or a negative errno; lag_put() within a transaction. */
int lag_load(struct lag *t, struct store *store, const char *source) MUST_CHECK;
int lag_put(struct lag *t, struct store *store, const char *source) MUST_CHECK;

/* Fill in what a view says of it. */
void lag_view(struct source_view *s, const struct lag *t, int64_t now_ms);

#endif
