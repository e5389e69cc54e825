/*
 * rows.h - the records of accounting files that nobody follows: archives, and files on a command
 * line.  Read once, from the first byte to the last, plain or .gz; nothing is remembered.
 */
#ifndef CSV_ROWS_H
#define CSV_ROWS_H

#include "csv/reader.h"

/*
 * Each hook returns 0 to go on, 1 to stop here, or a negative errno.  What it is given is good
 * during the call only.
 */
struct rows_hooks {
	int (*record)(const struct record *rec, void *arg);
	/* The row is no record.  NULL: such rows are passed over. */
	int (*reject)(const struct record *rec, const char *why, void *arg);
	/* A header row, whose columns are in force for the records below it; end is the offset
	 * after it.  NULL for whoever needs no columns. */
	int (*header)(struct slice header, uint64_t end, void *arg);
	void *arg;
};

/*
 * All records of path, of whatever type, as a reader of that conf reads them.  Returns 0 at the end
 * or when a hook stopped, or a negative errno: -EBADMSG for a damaged or unfinished .gz, -ESTALE
 * when the file changed under us.  What came before was handed to the hooks.
 */
int rows_each(const char *path, const struct reader_conf *conf,
              const struct rows_hooks *hooks) MUST_CHECK;

/* The words for what rows_each() returned. */
const char *rows_error(int rc);

#endif
