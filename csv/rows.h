/*
 * rows.h - the records of accounting files that nobody follows: archives, and files on a command
 * line.  Read once, from the first byte to the last, plain or .gz; nothing is remembered.
 */
#ifndef CSV_ROWS_H
#define CSV_ROWS_H

#include "conf/conf.h"
#include "csv/reader.h"

/*
 * Each is told the record, or the row that is none with the reason, and returns 0 to go on, 1 to
 * stop here, or a negative errno.  What they are given is good during the call only.
 */
struct rows_hooks {
	int (*record)(const struct record *rec, void *arg);
	int (*reject)(const struct record *rec, const char *why, void *arg);
	void *arg;
};

/* The source whose acct-file stands for the file's name, else the first. */
const struct conf_source *rows_source_of(const struct conf *conf, const char *path);

/*
 * All records of path, of whatever type, as the source reads them; header rows are not told.
 * Returns 0 at the end or when a hook stopped, or a negative errno: -EBADMSG for a damaged or
 * unfinished .gz, -ESTALE when the file changed under us.  What came before has been told.
 */
int rows_each(const struct conf *conf, const struct conf_source *source, const char *path,
              const struct rows_hooks *hooks) MUST_CHECK;

/*
 * The same for whoever also needs the header in force: it is told of every header row, before the
 * records below it, with the offset behind it, and returns what the other hooks do.
 */
typedef int rows_header_fn(struct slice header, uint64_t end, void *arg);
int rows_each_with_headers(const struct conf *conf, const struct conf_source *source,
                           const char *path, const struct rows_hooks *hooks,
                           rows_header_fn *header) MUST_CHECK;

/* The words for what rows_each() returned. */
const char *rows_error(int rc);

/*
 * Whether the source ships records of that type and timeLogged is in [since, until).  A time nobody
 * can read counts as within.
 */
bool rows_wanted(const struct conf_source *source, const struct record *rec, int64_t since_ms,
                 int64_t until_ms);

#endif
