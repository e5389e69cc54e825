/*
 * trace.h - finds every row about one address, or with one eventId, in the live and the moved files
 * and among the dead letters, with its fate as far as the store knows it.  Changes nothing.
 */
#ifndef ARCHIVE_TRACE_H
#define ARCHIVE_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "archive/fate.h"
#include "csv/catalog.h"
#include "record/record.h"

/* One row.  It owns its strings. */
struct trace_row {
	int64_t time_ms;                  /* timeLogged; if invalid, the time of the row before */
	size_t order;                     /* number in the order found */
	const struct conf_source *source; /* NULL: a dead letter of a removed source */
	char *path;                       /* or only a name, if the file was deleted */
	uint64_t offset;
	struct hash128 id;
	char **names, **values; /* non-empty columns; if no record: one, "row" */
	size_t n;
	bool is_record;
	enum fate fate;
	int64_t dead; /* number of the dead letter, or 0 */
	char *reason; /* of the dead letter, or "" */
};

struct trace {
	const struct conf *conf;
	struct rules *rules; /* NULL for none; their present verdict is shown with a row */
	struct store *store; /* NULL for none */
	struct catalog catalog;
	struct fates fates;
	char *address; /* in lower case; NULL: search by id */
	size_t address_len;
	struct hash128 id;

	struct trace_row *rows;
	size_t n, room;
	bool full; /* more than TRACE_ROWS_MAX rows match */
	size_t unreadable;
};

#define TRACE_ROWS_MAX 20000

/* Takes an address, also in angle brackets, or 32 hex digits.  Returns 0, -EINVAL or -ENOMEM. */
int trace_target(struct trace *t, const char *text) MUST_CHECK;

/*
 * Searches all files and the dead letters; rows are sorted, the oldest first.  Files that cannot be
 * read are reported on standard error and counted.  The caller has set conf, rules and store.
 * Returns 0 or a negative errno; call trace_close() in any case.
 */
int trace_search(struct trace *t) MUST_CHECK;
void trace_close(struct trace *t);

#endif
