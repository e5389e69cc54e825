/*
 * trace.h - every row about one address, or with one eventId, in the live and the moved files and
 * among the dead letters, and what became of it as far as the store knows.  Changes nothing.
 */
#ifndef ARCHIVE_TRACE_H
#define ARCHIVE_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "csv/catalog.h"
#include "record/record.h"

enum trace_fate {
	TRACE_UNKNOWN,      /* there is no store, or the file came back from a crash */
	TRACE_ACKNOWLEDGED, /* the receiver answered for it */
	TRACE_PARTIAL,      /* likewise, but said that some events of that request failed */
	TRACE_DEAD,         /* a dead letter */
	TRACE_SKIPPED,      /* of a type that is not sent */
	TRACE_IGNORED,      /* settled, and a rule withholds it, as the rules are now */
	TRACE_PASSED,       /* its file was there at the first start and is not to be read */
	TRACE_IN_FLIGHT,    /* read; the answer is not written down yet */
	TRACE_BEHIND        /* not read yet, or not answered for */
};

/* One row.  Its texts belong to it. */
struct trace_row {
	int64_t time_ms; /* timeLogged; that of the row before when nobody can read it */
	size_t order;    /* as it was found */
	const struct conf_source *source; /* NULL: a dead letter of a source that is no more */
	char *path;                       /* or a name only, when the file is gone */
	uint64_t offset;
	struct hash128 id;
	char **names, **values; /* of its columns, without empty ones; no record: one, "row" */
	size_t n;
	bool is_record;
	enum trace_fate fate;
	int64_t dead; /* number of the dead letter; 0 for none */
	char *reason; /* of the dead letter; else "" */
};

struct trace {
	const struct conf *conf;
	struct rules *rules; /* NULL for none: what they say now is shown with a row */
	struct store *store; /* NULL for none */
	struct catalog catalog;
	char *address; /* in small letters; NULL: by id */
	size_t address_len;
	struct hash128 id;

	struct trace_row *rows;
	size_t n, room;
	bool full; /* there are more than TRACE_ROWS_MAX */
	size_t unreadable;
};

#define TRACE_ROWS_MAX 20000

/* An address, with or without angle brackets, or 32 hex digits.  0, -EINVAL or -ENOMEM. */
int trace_target(struct trace *t, const char *text) MUST_CHECK;

/*
 * Look everywhere; rows are sorted, the oldest first.  What cannot be read is reported on standard
 * error and counted.  conf, rules and store are set.  Returns 0 or a negative errno; trace_close()
 * in any case.
 */
int trace_search(struct trace *t) MUST_CHECK;
void trace_close(struct trace *t);

#endif
