/*
 * sql.h - the part of SQLite that the store needs.  Only sql.c includes it.
 *
 * One letter binds each value: i (int64_t), t (const char *, NULL allowed), b (const void *,
 * size_t).  A statement is prepared once, found again by the address of its text, and kept.
 */
#ifndef STATE_SQL_H
#define STATE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sql;
struct sql_row;

/* Returns 0 or a negative errno: see sql_error(). */
int sql_open(struct sql **ret, const char *path, bool read_only, struct err *err) MUST_CHECK;
struct sql *sql_close(struct sql *db);

/*
 * Returns true once after a checkpoint moved the whole write-ahead log into the database, which
 * happens by itself from 1,000 pages on.  sql_checkpoint() tries to do so now.
 */
bool sql_log_emptied(struct sql *db);
void sql_checkpoint(struct sql *db);

/* Sets whether closing leaves the log as it is; otherwise its content moves into the database. */
void sql_keep_log(struct sql *db, bool keep);

/* Runs several statements without values. */
int sql_script(struct sql *db, const char *text) MUST_CHECK;

/* Runs one statement with values. */
int sql_run(struct sql *db, const char *text, const char *letters, ...) MUST_CHECK;

/* The same, and calls on_row for each row, which returns 0 to continue or a negative errno. */
typedef int sql_row_fn(const struct sql_row *row, void *arg);
int sql_each(struct sql *db, sql_row_fn *on_row, void *arg, const char *text, const char *letters,
             ...) MUST_CHECK;

/* Columns of the current row; the pointers are valid until on_row returns. */
int64_t sql_int(const struct sql_row *row, int column);
const char *sql_text(const struct sql_row *row, int column); /* never NULL */
const void *sql_blob(const struct sql_row *row, int column, size_t *ret_len);

/* Gives the first column of the only row, or missing when there is no row. */
int sql_number(struct sql *db, const char *text, int64_t missing, int64_t *ret) MUST_CHECK;

/*
 * Returns SQLite's text for the last failure, with the system's for a failed read or write; valid
 * until the next call.  The error codes: -EBUSY locked by another process,
 * -ENOSPC disk full, -EUCLEAN corrupt or not a database, -EROFS, -ENOMEM, else -EIO.
 */
const char *sql_error(struct sql *db);

#endif
