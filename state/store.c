#include "state/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/scope.h"
#include "state/sql.h"
#include "state/store_impl.h"

#define SYNC_EVERY_MS 1000
#define SYNC_SHARE 10 /* syncs take a tenth of the time at most */

static const char schema[] =
        "CREATE TABLE file(id INTEGER PRIMARY KEY, source TEXT NOT NULL, name TEXT NOT NULL,"
        " gz INT, passed INT, dev INT, ino INT, size INT, salt BLOB, offset INT NOT NULL,"
        " gone INT, rows INT, acked INT, dead INT, skipped INT, ignored INT,"
        " ladder BLOB, ranges BLOB, header BLOB, parts BLOB,"
        " letters INT);"
        "CREATE TABLE batch(file INT NOT NULL, start INT NOT NULL, end INT NOT NULL,"
        " PRIMARY KEY(file, start)) WITHOUT ROWID;"
        "CREATE TABLE dead(number INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE,"
        " source TEXT, endpoint TEXT, file TEXT, start INT, end INT, kind TEXT, reason TEXT,"
        " status INT, answer BLOB, header BLOB, row BLOB, row_is_json INT, made INT, run INT,"
        " tries INT NOT NULL DEFAULT 0, tried INT NOT NULL DEFAULT 0);"
        "CREATE INDEX dead_run ON dead(endpoint, run) WHERE run > 0;"
        "CREATE TABLE value(scope TEXT NOT NULL, name TEXT NOT NULL, value,"
        " PRIMARY KEY(scope, name)) WITHOUT ROWID;"
        "CREATE TABLE place(source TEXT NOT NULL, folder TEXT NOT NULL, base TEXT NOT NULL,"
        " moved INT NOT NULL, past INT NOT NULL, PRIMARY KEY(source, folder, base)) WITHOUT ROWID;"
        "CREATE TABLE selection(number INTEGER PRIMARY KEY, types TEXT NOT NULL,"
        " rules TEXT NOT NULL, UNIQUE(types, rules));"
        "CREATE TABLE dropped(id BLOB PRIMARY KEY, source TEXT, file TEXT) WITHOUT ROWID;"
        "PRAGMA user_version = 3;";

const char *store_error(const struct store *s)
{
	return sql_error(s->db);
}

struct store *store_close(struct store *s)
{
	if (s) {
		(void)sql_close(s->db);
		if (s->file >= 0)
			(void)close(s->file);
		if (s->lock >= 0)
			(void)close(s->lock);
		free(s->dir);
		free(s);
	}
	return NULL;
}

static void store_cleanup(struct store **s)
{
	*s = store_close(*s);
}
#define scope_store __attribute__((cleanup(store_cleanup)))

static int too_long(const char *dir, struct err *err)
{
	return err_set(err, -ENAMETOOLONG, "state-dir \"%s\": the name is too long", dir);
}

int store_take_lock(const char *dir, const char *name, int *ret_fd, struct err *err)
{
	char path[PATH_MAX];
	if (store_place_path(path, dir, name, PLACE_LOCK) < 0)
		return too_long(dir, err);
	scope_close int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(err, -errno, "open \"%s\": %m", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, -EBUSY,
		               "\"%s\" is in use by another pmta-shipper; stop that one first",
		               dir);
	*ret_fd = STEAL_FD(fd);
	return 0;
}

/* Sets the error text for a store that cannot be used, with the way out. */
static int unusable(const char *path, int rc, const char *why, struct err *err)
{
	if (rc == -EUCLEAN)
		return err_set(err, rc,
		               "store \"%s\" is corrupt (%s); restore it from a backup, or move it "
		               "away and set first-start to choose what is sent again",
		               path, why);
	return err_set(err, rc, "store \"%s\": %s", path, why);
}

/* Gives a new store the schema; another version is an error that names the way out. */
static int check_version(struct store *s, const char *path, bool read_only, struct err *err)
{
	int64_t version, tables;
	int rc = sql_number(s->db, "PRAGMA user_version", 0, &version);
	if (rc == 0)
		rc = sql_number(s->db, "SELECT count(*) FROM sqlite_schema", 0, &tables);
	if (rc < 0)
		return unusable(path, rc, store_error(s), err);
	if (version == STORE_VERSION)
		return 0;
	if (version > STORE_VERSION)
		return err_set(
		        err, -ENOTSUP,
		        "store \"%s\" has version %d, made by a newer pmta-shipper; this one "
		        "needs version %d: install the newer one again",
		        path, (int)version, STORE_VERSION);
	if (version > 0 && read_only)
		return err_set(err, -ENOTSUP,
		               "store \"%s\" has version %d, made by an earlier pmta-shipper: the "
		               "next 'run' updates it",
		               path, (int)version);
	if (version > 0)
		return store_migrate(s->db, path, (int)version, err);
	if (tables == 0 && read_only)
		return err_set(
		        err, -ENOENT,
		        "the store \"%s\" is empty: the first start was interrupted; the next "
		        "start completes it",
		        path);
	if (tables > 0)
		return err_set(err, -EUCLEAN, "\"%s\" is not a pmta-shipper store; move it away",
		               path);
	rc = sql_script(s->db, "BEGIN IMMEDIATE");
	if (rc == 0)
		rc = sql_script(s->db, schema);
	if (rc == 0)
		rc = sql_script(s->db, "COMMIT");
	return rc < 0 ? unusable(path, rc, store_error(s), err) : 0;
}

#define WRONG_SIZE 128

/* The only row of quick_check is "ok", or the first error. */
static int is_ok(const struct sql_row *row, void *arg)
{
	const char *text = sql_text(row, 0);
	if (strcmp(text, "ok") == 0)
		return 0;
	const char *second = strchr(text, '\n'); /* its first line names the database */
	(void)snprintf(arg, WRONG_SIZE, "%s", second ? second + 1 : text);
	return -EUCLEAN;
}

/* Writes nothing before it is certain that this is a store without errors. */
static int prepare(struct store *s, const char *path, bool read_only, struct err *err)
{
	char wrong[WRONG_SIZE] = "";
	int rc = sql_script(s->db, "PRAGMA busy_timeout = 50; PRAGMA cache_size = -512;"
	                           "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
	                           "PRAGMA temp_store = MEMORY;");
	if (rc == 0 && !read_only)
		rc = sql_each(s->db, is_ok, wrong, "PRAGMA quick_check(1)", "");
	if (rc < 0)
		return unusable(path, rc, wrong[0] ? wrong : store_error(s), err);
	rc = check_version(s, path, read_only, err);
	if (rc < 0 || read_only)
		return rc;
	rc = sql_script(s->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
	                       "PRAGMA secure_delete = ON;");
	return rc < 0 ? unusable(path, rc, store_error(s), err) : 0;
}

/* Before quick_check, which would call a mixture of two copies corrupt, or not notice it. */
static int check_pair(struct store *s, const char *path, uint32_t of_file, struct err *err)
{
	int rc = store_pair_check(&s->pair, s->db, of_file);
	if (rc != -ESTALE)
		return rc < 0 ? unusable(path, rc, store_error(s), err) : 0;
	return err_set(err, rc,
	               "store \"%s\" and the log \"%s-wal\" beside it are not of the same run: if "
	               "the store was restored from a backup, move the -wal and -shm files away "
	               "and start again, and rows delivered since the backup are delivered again; "
	               "else put the store back that was there",
	               path, path);
}

int store_connect(struct store *s, bool read_only, struct err *err)
{
	char real[PATH_MAX], path[PATH_MAX];
	/* SQLite refuses symbolic links in the whole path; here only the last part must be none. */
	const char *dir = realpath(s->dir, real) ? real : s->dir;
	if (store_place_path(path, dir, s->name, PLACE_DB) < 0)
		return too_long(dir, err);
	/* SQLite has one error for both; a user without permission must not read "no store". */
	if (read_only && faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) < 0)
		return errno == ENOENT ? err_set(err, -ENOENT,
		                                 "there is no store in \"%s\": 'run' has not "
		                                 "been started with this state-dir",
		                                 dir)
		                       : err_set(err, -errno, "open \"%s\": %m", path);
	uint32_t of_file = read_only ? 0 : store_pair_of_file(path);
	int rc = sql_open(&s->db, path, read_only, err);
	if (rc < 0)
		return rc;
	sql_keep_log(s->db, true); /* a store that is refused stays as it is */
	if (!read_only)
		rc = check_pair(s, path, of_file, err);
	if (rc == 0)
		rc = prepare(s, path, read_only, err);
	if (rc < 0 || read_only)
		return rc;
	sql_keep_log(s->db, false);
	sql_checkpoint(s->db);
	s->file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return s->file < 0 ? err_set(err, -errno, "open \"%s\": %m", path) : 0;
}

static int open_store(struct store **ret, const char *dir, const char *name, bool read_only,
                      struct err *err)
{
	scope_store struct store *s = calloc(1, sizeof(*s));
	if (s)
		s->dir = strdup(dir);
	if (!s || !s->dir)
		return err_set(err, -ENOMEM, "open the store in \"%s\": out of memory", dir);
	(void)snprintf(s->name, sizeof(s->name), "%s", name);
	s->lock = s->file = -1;
	int rc = read_only ? 0 : store_take_lock(dir, name, &s->lock, err);
	if (rc == 0)
		rc = store_connect(s, read_only, err);
	if (rc < 0)
		return rc;
	if (!read_only)
		store_place_note(&s->place, dir, name);
	*ret = STEAL(s);
	return 0;
}

/* A user who can write in the folder could replace the store. */
static int check_dir(const char *dir, struct err *err)
{
	struct stat st;
	if (stat(dir, &st) < 0)
		return err_set(err, -errno, "state-dir \"%s\": %m", dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, -ENOTDIR, "state-dir \"%s\" is not a folder", dir);
	if (st.st_mode & 0022)
		return err_set(err, -EPERM,
		               "state-dir \"%s\" can be written by others: chmod go-w it", dir);
	return 0;
}

int store_open(struct store **ret, const char *dir, const char *name, struct err *err)
{
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_set(err, -errno, "make state-dir \"%s\": %m%s", dir,
		               errno == ENOENT ? " (its parent folder must exist)" : "");
	int rc = check_dir(dir, err);
	if (rc < 0)
		return rc;
	mode_t mask = umask(0077);
	rc = open_store(ret, dir, name, false, err);
	(void)umask(mask);
	return rc;
}

int store_open_reader(struct store **ret, const char *dir, struct err *err)
{
	return open_store(ret, dir, "state", true, err);
}

bool store_in_use(const char *dir)
{
	char path[PATH_MAX];
	if (store_place_path(path, dir, "state", PLACE_LOCK) < 0)
		return false;
	scope_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

int store_begin(struct store *s)
{
	int rc = sql_script(s->db, "BEGIN IMMEDIATE");
	if (rc == 0)
		rc = store_pair_begin(&s->pair, s->db);
	return rc;
}

/*
 * A sync stops the whole agent and may take seconds on a busy disk.  Syncs at every commit would
 * then leave no time for anything else.
 */
static int64_t next_sync(int64_t now_ms, int64_t took_ms)
{
	int64_t share = SYNC_SHARE * took_ms;
	return now_ms + (share > SYNC_EVERY_MS ? share : SYNC_EVERY_MS);
}

int store_commit(struct store *s, int64_t now_ms)
{
	int64_t began = s->full ? clock_mono_ms() : 0;
	int rc = sql_script(s->db, "COMMIT");
	if (rc < 0)
		return rc;
	store_pair_committed(&s->pair, s->db);
	if (s->place.at[PLACE_WAL].ino == 0) /* the first commit has made it */
		(void)store_place_lost(&s->place, s->dir, s->name);
	/*
	 * A synced commit also syncs all commits before it, since they share one log.  The mode can
	 * only be changed between transactions, so the next transaction's mode is set here.
	 */
	if (s->full)
		s->sync_ms = next_sync(now_ms, clock_mono_ms() - began);
	bool due = now_ms >= s->sync_ms;
	if (due != s->full)
		rc = sql_script(s->db,
		                due ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
	if (rc == 0)
		s->full = due;
	return 0;
}

void store_rollback(struct store *s)
{
	/* This fails without harm if SQLite has already rolled back by itself. */
	(void)!sql_script(s->db, "ROLLBACK");
	store_pair_rolled_back(&s->pair);
}

int store_batch_put(struct store *s, const struct store_batch *b)
{
	return sql_run(s->db, "INSERT OR REPLACE INTO batch VALUES(?,?,?)", "iii", b->file,
	               (int64_t)b->start, (int64_t)b->end);
}

int store_batch_drop(struct store *s, const struct store_batch *b)
{
	return sql_run(s->db, "DELETE FROM batch WHERE file = ? AND start = ?", "ii", b->file,
	               (int64_t)b->start);
}

int store_batches_clear(struct store *s, const char *source)
{
	return sql_run(s->db,
	               "DELETE FROM batch WHERE file IN (SELECT id FROM file WHERE source = ?)",
	               "t", source);
}

struct batch_call {
	store_batch_fn *fn;
	void *arg;
};

static int on_batch(const struct sql_row *row, void *arg)
{
	const struct batch_call *call = arg;
	const struct store_batch b = {sql_int(row, 0), (uint64_t)sql_int(row, 1),
	                              (uint64_t)sql_int(row, 2)};
	return call->fn(&b, call->arg);
}

int store_batches(struct store *s, const char *source, store_batch_fn *fn, void *arg)
{
	struct batch_call call = {fn, arg};
	return sql_each(s->db, on_batch, &call,
	                "SELECT batch.file, start, end FROM batch LEFT JOIN file"
	                " ON file.id = batch.file WHERE ?1 IS NULL OR source = ?1"
	                " ORDER BY batch.file, start",
	                "t", source);
}

int store_put(struct store *s, const char *scope, const char *name, int64_t value)
{
	return sql_run(s->db, "INSERT OR REPLACE INTO value VALUES(?,?,?)", "tti", scope, name,
	               value);
}

int store_put_text(struct store *s, const char *scope, const char *name, const char *value)
{
	return sql_run(s->db, "INSERT OR REPLACE INTO value VALUES(?,?,?)", "ttt", scope, name,
	               value);
}

static int take_int(const struct sql_row *row, void *arg)
{
	*(int64_t *)arg = sql_int(row, 0);
	return 0;
}

int store_get(struct store *s, const char *scope, const char *name, int64_t missing, int64_t *ret)
{
	*ret = missing;
	return sql_each(s->db, take_int, ret, "SELECT value FROM value WHERE scope=? AND name=?",
	                "tt", scope, name);
}

struct text_out {
	char *text;
	size_t size;
};

static int take_text(const struct sql_row *row, void *arg)
{
	const struct text_out *out = arg;
	(void)snprintf(out->text, out->size, "%s", sql_text(row, 0));
	return 0;
}

int store_get_text(struct store *s, const char *scope, const char *name, char *ret, size_t size)
{
	struct text_out out = {ret, size};
	ret[0] = '\0';
	return sql_each(s->db, take_text, &out, "SELECT value FROM value WHERE scope=? AND name=?",
	                "tt", scope, name);
}

struct sql *store_sql(struct store *s)
{
	return s->db;
}
