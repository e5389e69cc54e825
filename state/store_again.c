/*
 * A store that was deleted, moved or replaced under the process that writes it: the open database
 * still has everything, so it is written to its path again.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "state/sql.h"
#include "state/store.h"
#include "state/store_impl.h"

#define FILES_OF_SQLITE (1U << PLACE_DB | 1U << PLACE_WAL | 1U << PLACE_SHM)

struct paths {
	char db[PATH_MAX], wal[PATH_MAX], shm[PATH_MAX];
	char part[PATH_MAX + 8], aside[PATH_MAX + 16];
};

static int paths_of(const struct store *s, struct paths *ret)
{
	int rc = store_place_path(ret->db, s->dir, s->name, PLACE_DB);
	if (rc == 0)
		rc = store_place_path(ret->wal, s->dir, s->name, PLACE_WAL);
	if (rc == 0)
		rc = store_place_path(ret->shm, s->dir, s->name, PLACE_SHM);
	(void)snprintf(ret->part, sizeof(ret->part), "%s.part", ret->db);
	(void)snprintf(ret->aside, sizeof(ret->aside), "%s.replaced", ret->db);
	return rc;
}

/* A rename is no use if the bytes behind the new name do not survive a power cut. */
static int sync_path(const char *path)
{
	scope_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int copy_out(struct store *s, const struct paths *p, struct err *err)
{
	if (unlink(p->part) < 0 && errno != ENOENT)
		return err_set(err, -errno, "delete \"%s\": %m", p->part);
	int rc = sql_run(s->db, "VACUUM INTO ?", "t", (const char *)p->part);
	if (rc < 0)
		return err_set(err, rc, "write \"%s\": %s", p->part, sql_error(s->db));
	rc = sync_path(p->part);
	return rc < 0 ? err_set(err, rc, "sync \"%s\": %s", p->part, strerror(-rc)) : 0;
}

/* Another file at a path is kept under another name: somebody has put it there. */
static int clear(const char *path, const char *aside, bool others)
{
	int rc = others ? rename(path, aside) : unlink(path);
	return rc < 0 && errno != ENOENT ? -errno : 0;
}

/*
 * The log goes first: SQLite would apply an old log to any database that it finds beside it.
 * Replaces the path only when the copy is complete.
 */
static int put_in_place(const struct store *s, const struct paths *p, unsigned lost,
                        struct err *err)
{
	char wal_aside[sizeof(p->aside) + 8];
	(void)snprintf(wal_aside, sizeof(wal_aside), "%s-wal", p->aside);
	int rc = clear(p->wal, wal_aside, lost & 1U << PLACE_WAL);
	if (rc == 0)
		rc = clear(p->shm, "", false);
	if (rc == 0 && lost & 1U << PLACE_DB)
		rc = clear(p->db, p->aside, true);
	if (rc == 0 && rename(p->part, p->db) < 0)
		rc = -errno;
	if (rc == 0)
		rc = sync_path(s->dir);
	return rc < 0 ? err_set(err, rc, "put \"%s\" in its place: %s", p->db, strerror(-rc)) : 0;
}

static int connect_again(struct store *s, struct err *err)
{
	struct store next = {.dir = s->dir, .lock = -1, .file = -1};
	(void)snprintf(next.name, sizeof(next.name), "%s", s->name);
	int rc = store_connect(&next, false, err);
	if (rc < 0) {
		(void)sql_close(next.db);
		return rc;
	}
	/* The old one sees that its file has moved, and leaves the path alone. */
	(void)sql_close(s->db);
	(void)close(s->file);
	s->db = next.db;
	s->file = next.file;
	s->pair = next.pair;
	s->full = false;
	s->sync_ms = 0;
	return 0;
}

/* Whoever finds no lock file makes one, so the path has to be locked again. */
static int lock_again(struct store *s, struct err *err)
{
	int lock;
	if (mkdir(s->dir, 0700) < 0 && errno != EEXIST)
		return err_set(err, -errno, "make state-dir \"%s\": %m", s->dir);
	int rc = store_take_lock(s->dir, s->name, &lock, err);
	if (rc < 0)
		return rc;
	(void)close(s->lock);
	s->lock = lock;
	return 0;
}

static int write_again(struct store *s, unsigned lost, struct err *err)
{
	struct paths p;
	int rc = paths_of(s, &p);
	if (rc == 0)
		rc = copy_out(s, &p, err);
	if (rc == 0)
		rc = put_in_place(s, &p, lost, err);
	return rc == 0 ? connect_again(s, err) : rc;
}

/*
 * Bytes of another store are where SQLite reads: what it has is a mixture, which must not be
 * written anywhere.  The log has all that was not yet in the database.
 */
static int overwritten(struct store *s, const char *path, struct err *err)
{
	sql_keep_log(s->db, true);
	return err_set(err, -ESTALE,
	               "the store \"%s\" was overwritten while the agent ran; stop the agent "
	               "before you change its store",
	               path);
}

int store_look(struct store *s, struct err *ret)
{
	struct stat st;
	char path[PATH_MAX];
	unsigned lost = store_place_lost(&s->place, s->dir, s->name);
	(void)store_place_path(path, s->dir, s->name, PLACE_DB);
	if (!store_pair_fits(&s->pair, store_pair_of_fd(s->file)))
		return overwritten(s, path, ret);
	if (lost == 0)
		return 0;
	bool other = lost & 1U << PLACE_DB && lstat(path, &st) == 0;
	mode_t mask = umask(0077);
	int rc = lost & 1U << PLACE_LOCK ? lock_again(s, ret) : 0;
	if (rc == 0 && lost & FILES_OF_SQLITE)
		rc = write_again(s, lost, ret);
	(void)umask(mask);
	if (rc < 0)
		return rc;
	store_place_note(&s->place, s->dir, s->name);
	(void)err_set(ret, 0,
	              "files of the store \"%s\" were deleted, moved or replaced while the agent "
	              "runs: the store is written again from what the agent holds, nothing is "
	              "lost%s%s%s; stop the agent before you change its store",
	              path, other ? "; the other file is kept as \"" : "", other ? path : "",
	              other ? ".replaced\"" : "");
	return 1;
}
