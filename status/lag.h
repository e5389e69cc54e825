/*
 * lag.h - how far behind a source is, in seconds and records.
 *
 * The timeLogged of rows is noted on the way as text, since a record is read far more often than
 * anybody asks for the lag; it is parsed when somebody does.
 */
#ifndef STATUS_LAG_H
#define STATUS_LAG_H

#include "base/slice.h"
#include "record/record.h"
#include "state/store.h"
#include "status/view.h"

#define LAG_COLUMN "timeLogged"

/* timeLogged of a source's records, as PowerMTA wrote it; "" while none is known. */
#define LAG_TIME_SIZE 40
struct lag {
	char read[LAG_TIME_SIZE];  /* of the last row read */
	char first[LAG_TIME_SIZE]; /* of the first one since the start */
	char done[LAG_TIME_SIZE];  /* of the last one in its file that was answered for */
	int64_t done_file;
	uint64_t done_end;
	char settled[LAG_TIME_SIZE]; /* and with nothing before it open; in the store */
	size_t column;               /* where timeLogged stood the last time */
	bool changed;                /* settled is to be stored */
	int64_t caught_up_ms;        /* nothing was left to do then; 0: never yet */
};

/* A row was read. */
void lag_read(struct lag *t, const struct record *rec);

/* The last row of a batch was answered for, after its position moved. */
struct lag_row {
	int64_t file;
	uint64_t end;        /* of the row */
	struct slice logged; /* its timeLogged; empty: not known */
	uint64_t committed;  /* all of the file before it is settled */
	bool gaps;           /* and something beyond it is, too */
};
void lag_done(struct lag *t, const struct lag_row *row);

/* The part that the store keeps.  0 or a negative errno; lag_put() within a transaction. */
int lag_load(struct lag *t, struct store *store, const char *source) MUST_CHECK;
int lag_put(struct lag *t, struct store *store, const char *source) MUST_CHECK;

/* Fill in what a view says of it. */
void lag_view(struct source_view *s, const struct lag *t, int64_t now_ms);

#endif
