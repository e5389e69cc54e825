/*
 * rows.h - the records of accounting files that are not followed: archives, and files on a command
 * line.  A file is read once from beginning to end, plain or .gz; no position is kept.
 */
#ifndef CSV_ROWS_H
#define CSV_ROWS_H

#include "csv/reader.h"

/*
 * Each hook returns 0 to continue, 1 to stop here, or a negative errno.  Its arguments are valid
 * during the call only.
 */
struct rows_hooks {
	int (*record)(const struct record *rec, void *arg);
	/* The row is not a record.  NULL: such rows are skipped. */
	int (*reject)(const struct record *rec, const char *why, void *arg);
	/* A header row, whose columns apply to the records after it; end is the offset after it.
	 * NULL for a caller that needs no columns. */
	int (*header)(struct slice header, uint64_t end, void *arg);
	void *arg;
};

/*
 * Finds the header for a file whose first row comes before any: see reader_begin().  *ret is NULL,
 * and stays so if none is known; the caller frees it.  Returns 0 or a negative errno.
 */
struct rows_headless {
	int (*find)(char **ret, void *arg);
	void *arg;
};

/*
 * Reads all records of path, of any type, with a reader of that conf.  headless may be NULL.
 * Returns 0 at the end or when a hook stopped, or a negative errno: -EBADMSG for a damaged or
 * unfinished .gz, -EPROTONOSUPPORT for another program's packed file, -EMEDIUMTYPE for a fifo or a
 * device, -ESTALE when the file changed meanwhile.  The hooks have received the rows before the
 * error.
 */
int rows_each(const char *path, const struct reader_conf *conf,
              const struct rows_headless *headless, const struct rows_hooks *hooks) MUST_CHECK;

/* Returns the text for an error of rows_each(). */
const char *rows_error(int rc);

#endif
