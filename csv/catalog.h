/*
 * catalog.h - the files of all sources as they lie on disk, live and moved, and what the store
 * knows of each: for commands that look and change nothing.
 *
 * What is a file is for folder.h to say.  Which entry of the store a file belongs to is decided as
 * the tailer does it (identity.h): names, inodes and salts find candidates, a row that gives the id
 * it once gave proves it.
 */
#ifndef CSV_CATALOG_H
#define CSV_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "csv/rows.h"
#include "state/store.h"
#include "tailer/name.h"

struct catalog_file {
	const struct conf_source *source;
	char *path;
	const char *name; /* the end of path */
	int plain_len;    /* of name, a ".gz" not counted */
	struct acct_name key;
	bool moved; /* it lies in move-to */
	uint64_t dev, ino, size;
	int64_t mtime_ms;
};

/* An entry of the store, as struct store_file has it, whose name is one of the source's. */
struct catalog_entry {
	struct store_file kept; /* its texts are the catalog's */
	char *name;
	struct acct_name key;
	const struct conf_source *source;
	const struct catalog_file *file; /* what lies at its inode, whatever that is; or NULL */
};

/* A folder that cannot be looked into, or not all of it. */
struct catalog_trouble {
	const struct conf_source *source;
	char *path;
	int error; /* an errno */
};

struct catalog {
	const struct conf *conf;
	struct store *store;        /* NULL: there is none */
	struct catalog_file *files; /* the oldest first, over all sources; each inode once */
	size_t nfiles, files_room;
	struct catalog_entry *entries;
	size_t nentries, entries_room;
	struct catalog_trouble *troubles;
	size_t ntroubles, troubles_room;
};

/*
 * Look through the folders and the store, which may be NULL and stays the caller's.  Returns 0 or a
 * negative errno; catalog_close() in any case.
 */
int catalog_open(struct catalog *ret, const struct conf *conf, struct store *store) MUST_CHECK;
void catalog_close(struct catalog *c);

/* Report each trouble; returns how many there are. */
size_t catalog_report(const struct catalog *c, void (*report)(const char *path, const char *why));

/*
 * A file that is no longer at its path has been moved or compressed since: then f is what it is
 * now, with its path in the caller's buffer.  False when it is gone.
 */
bool catalog_find_again(struct catalog_file *f, char *path, size_t size);

/* All that is known of one file. */
struct catalog_known {
	const struct catalog_entry *entry; /* NULL: nothing */
	bool proved;     /* a row of it was compared, or there is none to compare */
	bool bare;       /* it has no row: a header and blank lines at most */
	bool whole;      /* it ends where what is settled ends: nothing of it is left */
	uint64_t resume; /* where an agent goes on; a file that begins like another's, after that */
	struct ledger ledger; /* the caller's */
};

/*
 * Returns 0, or a negative errno when the file cannot be read (-EBADMSG: a .gz that is damaged or
 * not finished) or the store cannot.  A .gz is unpacked for it.
 */
int catalog_look(const struct catalog *c, const struct catalog_file *f,
                 struct catalog_known *ret) MUST_CHECK;

/* True when the file lies at the entry's inode. */
bool catalog_same_inode(const struct catalog_file *f, const struct catalog_entry *e);

/* The newest entry of that name (without ".gz"), or NULL. */
const struct catalog_entry *catalog_entry_named(const struct catalog *c, const char *name);

/* ---- the sources of the configuration ---- */

/* The source whose acct-file stands for the file's name, else the first. */
const struct conf_source *catalog_source_of(const struct conf *conf, const char *path);

/* rows_each() of path, as the source reads its files. */
int catalog_rows(const struct conf *conf, const struct conf_source *source, const char *path,
                 const struct rows_hooks *hooks) MUST_CHECK;

/*
 * True when the source ships records of that type and timeLogged is in [since, until).  A time
 * nobody can read counts as within.
 */
bool catalog_wanted(const struct conf_source *source, const struct record *rec, int64_t since_ms,
                    int64_t until_ms);

#endif
