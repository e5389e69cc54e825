/*
 * store.h - the one store: positions, batches in flight, dead letters, counters.
 *
 * STATE-DIR/state.db, SQLite in WAL mode, beside it a lock file; the directory is 0700.  What is
 * written between store_begin() and store_commit() is there whole or not at all.  A commit survives
 * the end of the process at once, and a power cut after at most a second of progress: one commit a
 * second is synced, which takes all before it along; on a disk that takes longer than 0.1 s for a
 * sync, after ten times as long as it took.  Only one process may write; others read.
 *
 * Functions return 0 or a negative errno: -ENOSPC disk full, -EBUSY locked, -EUCLEAN corrupt,
 * -ENOTSUP of a newer version, -EIO; store_error() has the words.
 */
#ifndef STATE_STORE_H
#define STATE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "record/tally.h"
#include "state/ladder.h"
#include "state/ledger.h"

#define STORE_VERSION 2

struct store;

/*
 * Open for writing: make the directory and the store when they are missing, take the lock.  name
 * is "state" or "dry-run".  -EBUSY when another process has the lock.
 */
int store_open(struct store **ret, const char *dir, const char *name, struct err *err) MUST_CHECK;

/* Open for reading beside or without a writer.  -ENOENT when there is no store. */
int store_open_reader(struct store **ret, const char *dir, struct err *err) MUST_CHECK;

/* Whether a process has the store open for writing, as far as one may look. */
bool store_in_use(const char *dir);

struct store *store_close(struct store *s);

const char *store_error(const struct store *s);

int store_begin(struct store *s) MUST_CHECK;
int store_commit(struct store *s, int64_t now_ms) MUST_CHECK;
void store_rollback(struct store *s);

/* What is kept of one file for as long as it may come back. */
struct store_file {
	int64_t id; /* chosen by the caller, above store_last_file() */
	const char *source, *name;
	bool gz, passed; /* passed: there at the first start and not to be read */
	uint64_t dev, ino, size;
	struct hash128 salt; /* zero until known */
	uint64_t offset;     /* committed */
	int64_t gone_ms;     /* when it was last found missing (real time); 0 while it is there */
	struct tally tally;
};

int store_last_file(struct store *s, int64_t *ret_id) MUST_CHECK;
int store_file_put(struct store *s, const struct store_file *f, const struct ladder *ladder,
                   const struct ledger *ledger, struct slice header) MUST_CHECK;
/* The same, but what ladder, ledger and header say stays as it is. */
int store_file_touch(struct store *s, const struct store_file *f) MUST_CHECK;
int store_file_drop(struct store *s, int64_t id) MUST_CHECK;

typedef int store_file_fn(const struct store_file *f, void *arg);
int store_files(struct store *s, const char *source, store_file_fn *fn, void *arg) MUST_CHECK;

/* Ladder, ranges (into *ret_ledger, whose committed offset is set) and header of one file. */
int store_file_get(struct store *s, int64_t id, struct ladder *ret_ladder,
                   struct ledger *ret_ledger, char **ret_header, size_t *ret_header_len) MUST_CHECK;

/* A batch in flight: the boundary that is kept so that the same bytes go out under the same key. */
struct store_batch {
	int64_t file;
	uint64_t start, end;
};
int store_batch_put(struct store *s, const struct store_batch *b) MUST_CHECK;
int store_batch_drop(struct store *s, const struct store_batch *b) MUST_CHECK;
typedef int store_batch_fn(const struct store_batch *b, void *arg);
int store_batches(struct store *s, store_batch_fn *fn, void *arg) MUST_CHECK;
int store_batches_clear(struct store *s) MUST_CHECK;

/* Why a row became a dead letter. */
enum store_dead_kind {
	DEAD_UNKNOWN,    /* a word in the store that this version does not know; in a filter: any */
	DEAD_UNREADABLE, /* it is no record */
	DEAD_REFUSED,
	DEAD_PARTIAL, /* of a batch in which some failed */
};
/* "unreadable", as the store and commands have it, and back; false: no such word. */
const char *store_dead_kind_name(enum store_dead_kind kind);
bool store_dead_kind_named(const char *name, enum store_dead_kind *ret);

struct store_dead {
	int64_t number;    /* for the command line; set when read */
	struct hash128 id; /* the row's eventId */
	const char *source, *endpoint, *file;
	uint64_t start, end;
	enum store_dead_kind kind;
	const char *reason; /* one line */
	int64_t status;     /* HTTP, or 0 */
	struct slice answer, header, row;
	bool row_is_json; /* the bytes could not be read again: row is the JSON that was sent */
	int64_t made_ms;  /* real time */
	int64_t run;      /* of refusals in a row; 0 for none: see ship.h */
	int64_t tries;    /* how often it was tried again; set when read */
	int64_t tried_ms; /* and when last (real time) */
};

/* Insert or ignore, by eventId.  *ret_new tells which. */
int store_dead_put(struct store *s, const struct store_dead *d, bool *ret_new) MUST_CHECK;
int store_dead_drop(struct store *s, const struct hash128 *id) MUST_CHECK;
typedef int store_dead_fn(const struct store_dead *d, void *arg);
int store_dead_all(struct store *s, store_dead_fn *fn, void *arg) MUST_CHECK;

/* Which dead letters are meant; zero means all. */
struct store_dead_filter {
	const char *ids; /* ",3,17,": numbers of 'dead list' and eventIds in hex; NULL for all */
	const char *source, *endpoint; /* exactly; NULL for any */
	enum store_dead_kind kind;
	const char *reason;     /* a piece of it, in either case; NULL for any */
	int64_t from_ms, to_ms; /* made at or after, and before; 0: no bound */
	int64_t after, upto;    /* numbers above after, and up to; upto 0: no bound */
	int64_t limit;          /* at most so many, the oldest first; 0: no bound */
};
int store_dead_find(struct store *s, const struct store_dead_filter *f, store_dead_fn *fn,
                    void *arg) MUST_CHECK;
/* How many they are, and the last number, or 0, without reading their rows.  limit does not count.
 */
int store_dead_count_found(struct store *s, const struct store_dead_filter *f, int64_t *ret_n,
                           int64_t *ret_last) MUST_CHECK;
/* limit does not count. */
int store_dead_drop_found(struct store *s, const struct store_dead_filter *f,
                          int64_t *ret_n) MUST_CHECK;
/*
 * It was tried again at d->made_ms and refused again: what was said this time.  One that is gone
 * stays gone.
 */
int store_dead_again(struct store *s, const struct store_dead *d) MUST_CHECK;
int store_dead_get(struct store *s, int64_t number, store_dead_fn *fn, void *arg) MUST_CHECK;
/* The one with that eventId, if there is one. */
int store_dead_of(struct store *s, const struct hash128 *id, store_dead_fn *fn,
                  void *arg) MUST_CHECK;
/* Dead letters of one run of refusals at one endpoint, with numbers above after, the oldest first.
 */
int store_dead_run(struct store *s, const char *endpoint, int64_t run, int64_t after,
                   store_dead_fn *fn, void *arg) MUST_CHECK;
/* They belong to another run from here on, or (0) to none. */
int store_dead_run_becomes(struct store *s, const char *endpoint, int64_t run,
                           int64_t other) MUST_CHECK;
int store_dead_count(struct store *s, int64_t *ret_records, int64_t *ret_bytes) MUST_CHECK;

/* Numbers and words by scope and name; absolute values, so that writing again does no harm. */
int store_put(struct store *s, const char *scope, const char *name, int64_t value) MUST_CHECK;
int store_get(struct store *s, const char *scope, const char *name, int64_t missing,
              int64_t *ret) MUST_CHECK;
int store_put_text(struct store *s, const char *scope, const char *name,
                   const char *value) MUST_CHECK;
int store_get_text(struct store *s, const char *scope, const char *name, char *ret,
                   size_t size) MUST_CHECK;

#endif
