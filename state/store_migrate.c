/* Updates a store of an earlier version: makes a copy first, then runs all steps or none. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "state/sql.h"
#include "state/store_impl.h"

/* The change from each version to the next; all of them give the schema in store.c. */
static const char *const steps[] = {
        [1] = "ALTER TABLE dead ADD COLUMN tries INT NOT NULL DEFAULT 0;"
              "ALTER TABLE dead ADD COLUMN tried INT NOT NULL DEFAULT 0;",
        /* Parts stay NULL, which claims nothing of the rows that are settled by then. */
        [2] = "CREATE TABLE place(source TEXT NOT NULL, folder TEXT NOT NULL, base TEXT NOT NULL,"
              " moved INT NOT NULL, past INT NOT NULL,"
              " PRIMARY KEY(source, folder, base)) WITHOUT ROWID;"
              "ALTER TABLE file ADD COLUMN parts BLOB;"
              "ALTER TABLE file ADD COLUMN letters INT;"
              "CREATE TABLE selection(number INTEGER PRIMARY KEY, types TEXT NOT NULL,"
              " rules TEXT NOT NULL, UNIQUE(types, rules));"
              "CREATE TABLE dropped(id BLOB PRIMARY KEY, source TEXT, file TEXT) WITHOUT ROWID;",
};
_Static_assert(sizeof(steps) / sizeof(steps[0]) == STORE_VERSION, "a step is missing");

/* Copies the old store to a name with its version, so that the older program can use it again. */
static int keep_copy(struct sql *db, const char *path, int version, char *ret, size_t size)
{
	char unfinished[PATH_MAX + 16];
	(void)snprintf(ret, size, "%s.v%d", path, version);
	(void)snprintf(unfinished, sizeof(unfinished), "%s.new", ret);
	if (unlink(unfinished) < 0 && errno != ENOENT)
		return -errno;
	int rc = sql_run(db, "VACUUM INTO ?", "t", (const char *)unfinished);
	if (rc == 0 && rename(unfinished, ret) < 0)
		rc = -errno;
	return rc;
}

int store_migrate(struct sql *db, const char *path, int version, struct err *err)
{
	char copy[PATH_MAX + 8], script[64];
	int rc = keep_copy(db, path, version, copy, sizeof(copy));
	if (rc < 0)
		return err_set(err, rc,
		               "store \"%s\" has version %d, and no copy can be kept as \"%s\" "
		               "(%s): the store is unchanged; make room there and start again",
		               path, version, copy, strerror(-rc));
	rc = sql_script(db, "BEGIN IMMEDIATE");
	for (int i = version; rc == 0 && i < STORE_VERSION; i++)
		rc = sql_script(db, steps[i]);
	(void)snprintf(script, sizeof(script), "PRAGMA user_version = %d; COMMIT", STORE_VERSION);
	if (rc == 0)
		rc = sql_script(db, script);
	if (rc < 0) {
		(void)err_set(err, rc,
		              "update store \"%s\" from version %d to %d: %s; the store is "
		              "unchanged",
		              path, version, STORE_VERSION, sql_error(db));
		(void)!sql_script(db, "ROLLBACK");
		return rc;
	}
	log_info("store \"%s\" updated from version %d to %d; the old store is kept as \"%s\"",
	         path, version, STORE_VERSION, copy);
	return 0;
}
