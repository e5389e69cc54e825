/*
 * catalog.h - the files of all sources as they lie on disk, live and moved, and what the store
 * knows of each: for commands that look and change nothing.
 *
 * Which entry of the store a file belongs to is decided as the tailer does it (identity.h): names,
 * inodes and salts find candidates, a row that gives the id it once gave proves it.
 */
#ifndef CSV_CATALOG_H
#define CSV_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "state/store.h"
#include "tailer/name.h"

struct catalog_file {
	const struct conf_source *source;
	char *path;
	const char *name; /* the end of path */
	struct acct_name key;
	bool moved; /* it lies in move-to */
	uint64_t dev, ino, size;
	int64_t mtime_ms;
};

/* What the store keeps of a file, as struct store_file has it. */
struct catalog_entry {
	struct store_file kept; /* its texts are the catalog's */
	char *name;
	const struct conf_source *source;
};

struct catalog {
	const struct conf *conf;
	struct store *store;        /* NULL: there is none */
	struct catalog_file *files; /* the oldest first, over all sources */
	size_t nfiles, files_room;
	struct catalog_entry *entries;
	size_t nentries, entries_room;
	unsigned unreadable; /* folders; each was told on stderr */
};

/*
 * Look through the folders and the store, which may be NULL and stays the caller's.  Returns 0 or a
 * negative errno; catalog_close() in any case.
 */
int catalog_open(struct catalog *ret, const struct conf *conf, struct store *store) MUST_CHECK;
void catalog_close(struct catalog *s);

/* What is known of one file. */
struct catalog_known {
	const struct catalog_entry *entry; /* NULL: nothing */
	bool proved;          /* a row of it was compared, or there is none to compare */
	bool whole;           /* it ends where what is settled ends: nothing of it is left */
	struct ledger ledger; /* the caller's */
};

/*
 * Returns 0, or a negative errno when the file cannot be read (-EBADMSG: a .gz that is damaged or
 * not finished) or the store cannot.  A .gz is unpacked for it.
 */
int catalog_look(const struct catalog *s, const struct catalog_file *f,
                 struct catalog_known *ret) MUST_CHECK;

/* The newest entry of that name (without ".gz"), or NULL. */
const struct catalog_entry *catalog_entry_named(const struct catalog *s, const char *name);

/* "FILE: why" on stderr, with nothing in it that acts on a terminal. */
void catalog_tell(const char *path, const char *why);

#endif
