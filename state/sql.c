#include "state/sql.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENTS_MAX 48
#define CHECKPOINT_PAGES 1000 /* the default of SQLite */

struct sql {
	sqlite3 *db;
	struct {
		const char *text;
		sqlite3_stmt *stmt;
	} kept[STATEMENTS_MAX];
	size_t nkept;
	bool log_emptied;
	char error[256];
};

struct sql_row {
	sqlite3_stmt *stmt;
};

static int code_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_CANTOPEN:
		return -ENOENT;
	case SQLITE_NOMEM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

void sql_checkpoint(struct sql *db)
{
	int in_log = -1, moved = -1;
	int rc = sqlite3_wal_checkpoint_v2(db->db, "main", SQLITE_CHECKPOINT_PASSIVE, &in_log,
	                                   &moved);
	db->log_emptied = db->log_emptied || (rc == SQLITE_OK && in_log == moved);
}

void sql_keep_log(struct sql *db, bool keep)
{
	(void)sqlite3_db_config(db->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, (int)keep, NULL);
}

/* Replaces SQLite's own hook, which does the same and does not tell. */
static int on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
	(void)db;
	(void)name;
	if (pages >= CHECKPOINT_PAGES)
		sql_checkpoint(arg);
	return SQLITE_OK;
}

bool sql_log_emptied(struct sql *db)
{
	bool emptied = db->log_emptied;
	db->log_emptied = false;
	return emptied;
}

int sql_open(struct sql **ret, const char *path, bool read_only, struct err *err)
{
	struct sql *db = calloc(1, sizeof(*db));
	if (!db)
		return err_set(err, -ENOMEM, "open \"%s\": out of memory", path);
	int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	int rc = sqlite3_open_v2(path, &db->db, flags | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX,
	                         NULL);
	if (rc != SQLITE_OK) {
		(void)err_set(err, code_of(rc), "open \"%s\": %s", path,
		              db->db ? sqlite3_errmsg(db->db) : sqlite3_errstr(rc));
		(void)sql_close(db);
		return code_of(rc);
	}
	(void)sqlite3_extended_result_codes(db->db, 1);
	if (!read_only)
		(void)sqlite3_wal_hook(db->db, on_commit, db);
	*ret = db;
	return 0;
}

struct sql *sql_close(struct sql *db)
{
	if (db) {
		for (size_t i = 0; i < db->nkept; i++)
			(void)sqlite3_finalize(db->kept[i].stmt);
		(void)sqlite3_close(db->db);
		free(db);
	}
	return NULL;
}

/* The errno of the last failed read or write, of the log or the database itself; 0 for none. */
static int system_error(sqlite3 *db)
{
	sqlite3_file *log = NULL;
	int why = 0;
	(void)sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	if (log && log->pMethods)
		(void)log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &why);
	if (why == 0)
		(void)sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &why);
	return why;
}

const char *sql_error(struct sql *db)
{
	const char *text = sqlite3_errmsg(db->db);
	bool file = (sqlite3_errcode(db->db) & 0xff) == SQLITE_IOERR;
	int why = file ? system_error(db->db) : 0;
	/* "disk I/O error" alone hides a limit of file sizes, a volume that became read-only, ...
	 */
	if (why == 0)
		return text;
	(void)snprintf(db->error, sizeof(db->error), "%s (%s)", text, strerror(why));
	return db->error;
}

int sql_script(struct sql *db, const char *text)
{
	return code_of(sqlite3_exec(db->db, text, NULL, NULL, NULL));
}

static int prepared(struct sql *db, const char *text, sqlite3_stmt **ret)
{
	for (size_t i = 0; i < db->nkept; i++) {
		if (db->kept[i].text == text) {
			*ret = db->kept[i].stmt;
			return 0;
		}
	}
	if (db->nkept == STATEMENTS_MAX)
		return -E2BIG;
	int rc = sqlite3_prepare_v3(db->db, text, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);
	if (rc != SQLITE_OK)
		return code_of(rc);
	db->kept[db->nkept].text = text;
	db->kept[db->nkept++].stmt = *ret;
	return 0;
}

static int bind(sqlite3_stmt *stmt, const char *letters, va_list args)
{
	int rc = SQLITE_OK;
	for (int i = 1; *letters && rc == SQLITE_OK; i++, letters++) {
		switch (*letters) {
		case 'i':
			rc = sqlite3_bind_int64(stmt, i, va_arg(args, int64_t));
			break;
		case 't':
			rc = sqlite3_bind_text(stmt, i, va_arg(args, const char *), -1,
			                       SQLITE_STATIC);
			break;
		default: {
			const void *data = va_arg(args, const void *);
			rc = sqlite3_bind_blob64(stmt, i, data, va_arg(args, size_t),
			                         SQLITE_STATIC);
		}
		}
	}
	return code_of(rc);
}

static int each(struct sql *db, sql_row_fn *on_row, void *arg, const char *text,
                const char *letters, va_list args)
{
	sqlite3_stmt *stmt;
	int rc = prepared(db, text, &stmt);
	if (rc < 0)
		return rc;
	rc = bind(stmt, letters, args);
	const struct sql_row row = {stmt};
	while (rc == 0) {
		int step = sqlite3_step(stmt);
		if (step != SQLITE_ROW) {
			rc = code_of(step);
			break;
		}
		if (on_row)
			rc = on_row(&row, arg);
	}
	(void)sqlite3_reset(stmt);
	(void)sqlite3_clear_bindings(stmt);
	return rc;
}

int sql_run(struct sql *db, const char *text, const char *letters, ...)
{
	va_list args;
	va_start(args, letters);
	int rc = each(db, NULL, NULL, text, letters, args);
	va_end(args);
	return rc;
}

int sql_each(struct sql *db, sql_row_fn *on_row, void *arg, const char *text, const char *letters,
             ...)
{
	va_list args;
	va_start(args, letters);
	int rc = each(db, on_row, arg, text, letters, args);
	va_end(args);
	return rc;
}

int64_t sql_int(const struct sql_row *row, int column)
{
	return sqlite3_column_int64(row->stmt, column);
}

const char *sql_text(const struct sql_row *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row->stmt, column);
	return text ? text : "";
}

const void *sql_blob(const struct sql_row *row, int column, size_t *ret_len)
{
	const void *data = sqlite3_column_blob(row->stmt, column);
	*ret_len = (size_t)sqlite3_column_bytes(row->stmt, column);
	if (!data) /* empty, or out of memory */
		*ret_len = 0;
	return data ? data : "";
}

static int take_number(const struct sql_row *row, void *arg)
{
	*(int64_t *)arg = sql_int(row, 0);
	return 0;
}

int sql_number(struct sql *db, const char *text, int64_t missing, int64_t *ret)
{
	*ret = missing;
	return sql_each(db, take_number, ret, text, "");
}
