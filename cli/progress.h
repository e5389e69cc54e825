/*
 * progress.h - how far a long command has come: a line on a terminal that is drawn again and again,
 * or a plain line every ten seconds where there is none.  To standard error.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool terminal, drawn;
	const char *name; /* what plain lines begin with */
	int64_t next_ms;
	/* Where it stood when the work began, and when: what "left" is reckoned from. */
	int64_t started_ms;
	uint64_t bytes_first, records_first;
};

/* All that it shows. */
struct progress_state {
	uint64_t bytes, bytes_total; /* of the files */
	uint64_t records;
	const char *verb;    /* what was done to the records: "delivered" */
	const char *waiting; /* why it does not go on, "" if it does */
};

void progress_open(struct progress *b, const char *name, int64_t now_ms);
/* All that is done by now was done before: it must not count towards the speed. */
void progress_begin(struct progress *b, const struct progress_state *s, int64_t now_ms);
/* When it is due, at latest after that many milliseconds. */
int64_t progress_timeout(const struct progress *b, int64_t now_ms);
void progress_show(struct progress *b, const struct progress_state *s, int64_t now_ms);
/* Take the line away: something else is printed, or all is done. */
void progress_clear(struct progress *b);

#endif
