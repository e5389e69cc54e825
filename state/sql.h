/*
 * sql.h - SQLite, no more of it than the store needs.  Only sql.c includes it.
 *
 * Values are bound by a letter each: i (int64_t), t (const char *, NULL allowed), b (const void *,
 * size_t).  Statements are prepared once, by address of their text, and kept.
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

/* Several statements without values. */
int sql_script(struct sql *db, const char *text) MUST_CHECK;

/* One statement with values. */
int sql_run(struct sql *db, const char *text, const char *letters, ...) MUST_CHECK;

/* The same, and on_row for each row.  It returns 0 to go on, or a negative errno to end with. */
typedef int sql_row_fn(const struct sql_row *row, void *arg);
int sql_each(struct sql *db, sql_row_fn *on_row, void *arg, const char *text, const char *letters,
             ...) MUST_CHECK;

/* Columns of the row at hand; the pointers are good until on_row returns. */
int64_t sql_int(const struct sql_row *row, int column);
const char *sql_text(const struct sql_row *row, int column); /* never NULL */
const void *sql_blob(const struct sql_row *row, int column, size_t *ret_len);

/* The first column of the only row, or missing when there is no row. */
int sql_number(struct sql *db, const char *text, int64_t missing, int64_t *ret) MUST_CHECK;

/*
 * What failed last, in SQLite's words.  The codes: -EBUSY locked by another process, -ENOSPC disk
 * full, -EUCLEAN corrupt or no database, -EROFS, -ENOMEM, else -EIO.
 */
const char *sql_error(const struct sql *db);

#endif
