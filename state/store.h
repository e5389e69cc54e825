/*
 * store.h - the one store: positions, batches in flight, dead letters, counters.
 *
 * The store is STATE-DIR/state.db, SQLite in WAL mode, with a lock file; the directory is 0700.
 * The changes between store_begin() and store_commit() are all stored or none.  A commit survives
 * the end of the process at once.  A power cut loses at most a second of progress: one commit a
 * second is synced, and all earlier ones with it.  If a sync takes longer than 0.1 s, the next one
 * follows after ten times that time.  Only one process may write; others read.
 *
 * Functions return 0 or a negative errno: -ENOSPC disk full, -EBUSY locked, -EUCLEAN corrupt,
 * -ENOTSUP of a newer version, -EIO; store_error() has the text.
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

#define STORE_VERSION 3

struct store;

/*
 * Opens the store for writing: makes the directory and the store if they are missing, takes the
 * lock.  name is "state" or "dry-run".  Returns -EBUSY when another process has the lock.
 */
int store_open(struct store **ret, const char *dir, const char *name, struct err *err) MUST_CHECK;

/* Opens the store for reading, with or without a writer.  Returns -ENOENT for no store. */
int store_open_reader(struct store **ret, const char *dir, struct err *err) MUST_CHECK;

/* Returns true if a process has the store open for writing; false also without permission. */
bool store_in_use(const char *dir);

/*
 * Looks if the paths of a store that is open for writing still lead to its files; call it between
 * transactions.  If they were deleted, moved or replaced, the store is written there again from the
 * open database, which still has everything; another file found there is kept as
 * state.db.replaced.  Returns 0 if all is in place; 1 if it is again, with a line for people in
 * ret; a negative errno if it is not: then repeat this call, and commit nothing until it succeeds.
 * -EBUSY: another process has taken the store meanwhile; -ESTALE: its bytes were overwritten, and
 * the next start will refuse them.  Then this process has to end.
 */
int store_look(struct store *s, struct err *ret) MUST_CHECK;

struct store *store_close(struct store *s);

const char *store_error(const struct store *s);

int store_begin(struct store *s) MUST_CHECK;
int store_commit(struct store *s, int64_t now_ms) MUST_CHECK;
void store_rollback(struct store *s);

/* The entry of one file, kept for as long as the file may come back. */
struct store_file {
	int64_t id; /* chosen by the caller, above store_last_file() */
	const char *source, *name;
	bool gz, passed; /* passed: it existed at the first start and is not to be read */
	uint64_t dev, ino, size;
	struct hash128 salt; /* zero until known */
	uint64_t offset;     /* committed */
	int64_t gone_ms;     /* when it was last found missing (real time); 0 while it exists */
	struct tally tally;
};

int store_last_file(struct store *s, int64_t *ret_id) MUST_CHECK;
int store_file_put(struct store *s, const struct store_file *f, const struct ladder *ladder,
                   const struct ledger *ledger, struct slice header) MUST_CHECK;
/* The same, but leaves the stored ladder, ledger and header unchanged. */
int store_file_touch(struct store *s, const struct store_file *f) MUST_CHECK;
int store_file_drop(struct store *s, int64_t id) MUST_CHECK;

typedef int store_file_fn(const struct store_file *f, void *arg);
int store_files(struct store *s, const char *source, store_file_fn *fn, void *arg) MUST_CHECK;

/*
 * Calls fn with the headers of a source's files, as they were stored: first of files of that name,
 * then of the newest ones; of a few files, for a header that is assumed where none is.
 */
typedef int store_header_fn(struct slice header, void *arg);
int store_headers(struct store *s, const char *source, const char *name, store_header_fn *fn,
                  void *arg) MUST_CHECK;

/* Gets ladder, ledger (ranges, parts and committed offset) and header of one file. */
int store_file_get(struct store *s, int64_t id, struct ladder *ret_ladder,
                   struct ledger *ret_ledger, char **ret_header, size_t *ret_header_len) MUST_CHECK;

/*
 * A place of a source: a folder in which it has files, and the name of its acct-file.  The places
 * say which source a section of the configuration is, whatever the section is called.
 */
struct source_place {
	const char *source, *folder, *base;
	bool moved; /* the folder is move-to */
	bool past;  /* the source has it no longer, and files may be left there */
};
int store_put_place(struct store *s, const struct source_place *p) MUST_CHECK;
int store_drop_place(struct store *s, const struct source_place *p) MUST_CHECK;
typedef int source_place_fn(const struct source_place *p, void *arg);
int store_places(struct store *s, source_place_fn *fn, void *arg) MUST_CHECK;

/* Calls fn with the name of each source that has places or files. */
typedef int store_source_fn(const char *name, void *arg);
int store_sources(struct store *s, store_source_fn *fn, void *arg) MUST_CHECK;
/* Gives a source's files, places, dead letters and values to the source of another name. */
int store_source_rename(struct store *s, const char *from, const char *to) MUST_CHECK;

/*
 * The number of a selection, which is stored if it is new: the types of records that are sent, with
 * a blank before and after each, and the digest of the rules, "" for none.  For struct part.
 */
struct store_selection {
	const char *types, *rules;
};
int store_selection_put(struct store *s, const struct store_selection *what,
                        uint32_t *ret_number) MUST_CHECK;
/* Calls fn for the selection of that number, if it is there. */
typedef int store_selection_fn(const struct store_selection *what, void *arg);
int store_selection_get(struct store *s, uint32_t number, store_selection_fn *fn,
                        void *arg) MUST_CHECK;

/*
 * A .gz that was read to its end, with all its rows settled: its time of change (mtime, in ns).
 * While the file has that time and the stored size, it need not be unpacked.  0: not known.
 */
int store_settled_put(struct store *s, int64_t file, int64_t mtime_ns) MUST_CHECK;
int store_settled_get(struct store *s, int64_t file, int64_t *ret_mtime_ns) MUST_CHECK;
int store_settled_drop(struct store *s, int64_t file) MUST_CHECK;

/* A batch in flight.  Its boundary is kept so that the same bytes are sent with the same key. */
struct store_batch {
	int64_t file;
	uint64_t start, end;
};
int store_batch_put(struct store *s, const struct store_batch *b) MUST_CHECK;
int store_batch_drop(struct store *s, const struct store_batch *b) MUST_CHECK;
typedef int store_batch_fn(const struct store_batch *b, void *arg);
/* The boundaries of one source's files; source NULL: all. */
int store_batches(struct store *s, const char *source, store_batch_fn *fn, void *arg) MUST_CHECK;
int store_batches_clear(struct store *s, const char *source) MUST_CHECK;

/* Why a row became a dead letter. */
enum store_dead_kind {
	DEAD_UNKNOWN,    /* a stored name that this version does not know; in a filter: any */
	DEAD_UNREADABLE, /* the row is not a record */
	DEAD_REFUSED,
	DEAD_PARTIAL, /* it was in a batch in which some records failed */
};
/* The name in the store and in commands, such as "unreadable", and back; false for no such name. */
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
	int64_t run;      /* the run of refusals it belongs to; 0 for none: see ship.h */
	int64_t tries;    /* number of retries; set when read */
	int64_t tried_ms; /* time of the last retry (real time) */
};

/* Inserts the dead letter unless its eventId is there; then *ret_new is false. */
int store_dead_put(struct store *s, const struct store_dead *d, bool *ret_new) MUST_CHECK;
/* Deletes the dead letter of a row that has been delivered. */
int store_dead_drop(struct store *s, const struct hash128 *id) MUST_CHECK;
typedef int store_dead_fn(const struct store_dead *d, void *arg);
int store_dead_all(struct store *s, store_dead_fn *fn, void *arg) MUST_CHECK;

/* Selects dead letters; all members zero: all of them. */
struct store_dead_filter {
	const char *ids; /* ",3,17,": numbers of 'dead list' and eventIds in hex; NULL for all */
	const char *source, *endpoint; /* exactly; NULL for any */
	enum store_dead_kind kind;
	const char *reason;     /* a part of the reason, case ignored; NULL for any */
	int64_t from_ms, to_ms; /* made at or after from_ms and before to_ms; 0: no bound */
	int64_t after, upto;    /* numbers above after, up to upto; upto 0: no bound */
	int64_t limit;          /* maximum number, the oldest first; 0: no bound */
};
int store_dead_find(struct store *s, const struct store_dead_filter *f, store_dead_fn *fn,
                    void *arg) MUST_CHECK;
/* Gives how many there are and the last number or 0, without reading rows.  Ignores limit. */
int store_dead_count_found(struct store *s, const struct store_dead_filter *f, int64_t *ret_n,
                           int64_t *ret_last) MUST_CHECK;
/*
 * Drops them undelivered; *ret_n is their number.  Ignores limit.  That they were dropped is
 * remembered for as long as the entry of their file.
 */
int store_dead_drop_found(struct store *s, const struct store_dead_filter *f,
                          int64_t *ret_n) MUST_CHECK;
/* Sets *ret to true if a dead letter with that eventId was dropped, and none has been made since.
 */
int store_dead_was_dropped(struct store *s, const struct hash128 *id, bool *ret) MUST_CHECK;
/*
 * Stores the new answer for a dead letter that was tried again at d->made_ms and refused again.
 * Does nothing if the dead letter was dropped meanwhile.
 */
int store_dead_again(struct store *s, const struct store_dead *d) MUST_CHECK;
int store_dead_get(struct store *s, int64_t number, store_dead_fn *fn, void *arg) MUST_CHECK;
/* Calls fn for the dead letter with that eventId, if there is one. */
int store_dead_of(struct store *s, const struct hash128 *id, store_dead_fn *fn,
                  void *arg) MUST_CHECK;
/* The dead letters of one endpoint's run of refusals with numbers above after, the oldest first. */
int store_dead_run(struct store *s, const char *endpoint, int64_t run, int64_t after,
                   store_dead_fn *fn, void *arg) MUST_CHECK;
/* Moves the dead letters of a run to another run, or (0) to none. */
int store_dead_run_becomes(struct store *s, const char *endpoint, int64_t run,
                           int64_t other) MUST_CHECK;
int store_dead_count(struct store *s, int64_t *ret_records, int64_t *ret_bytes) MUST_CHECK;
/* Gives the time at which the newest of those that are kept was made; 0 if there is none. */
int store_dead_newest(struct store *s, int64_t *ret_made_ms) MUST_CHECK;

/* Numbers and texts by scope and name; absolute values, so that writing twice does no harm. */
int store_put(struct store *s, const char *scope, const char *name, int64_t value) MUST_CHECK;
int store_get(struct store *s, const char *scope, const char *name, int64_t missing,
              int64_t *ret) MUST_CHECK;
int store_put_text(struct store *s, const char *scope, const char *name,
                   const char *value) MUST_CHECK;
int store_get_text(struct store *s, const char *scope, const char *name, char *ret,
                   size_t size) MUST_CHECK;

#endif
