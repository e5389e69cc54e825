/*
 * progress.h - the progress of a long command, on standard error: a bar that is redrawn on a
 * terminal, or else a plain line every ten seconds.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool terminal, drawn;
	const char *name; /* plain lines begin with it */
	int64_t next_ms;
	/* Time and counts when the work began; the speed and "left" are computed from them. */
	int64_t started_ms;
	uint64_t bytes_first, records_first;
};

/* The state to show. */
struct progress_state {
	uint64_t bytes, bytes_total; /* of the files */
	uint64_t records;
	const char *verb;    /* participle for the records: "delivered" */
	const char *waiting; /* the reason for waiting, "" if not waiting */
};

void progress_open(struct progress *b, const char *name, int64_t now_ms);
/* Call when the work begins: s was done by earlier runs and must not count for the speed. */
void progress_begin(struct progress *b, const struct progress_state *s, int64_t now_ms);
/* Returns the milliseconds until progress_show() is due. */
int64_t progress_timeout(const struct progress *b, int64_t now_ms);
void progress_show(struct progress *b, const struct progress_state *s, int64_t now_ms);
/* Clears the bar, before something else is printed or at the end. */
void progress_clear(struct progress *b);

#endif
