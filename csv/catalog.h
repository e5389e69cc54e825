/*
 * catalog.h - the files of all sources on disk, live and moved, with their entries in the store:
 * for commands that only read.
 *
 * folder.h defines which files belong to a source.  A file's entry in the store is found as the
 * tailer finds it (identity.h): names, inodes and salts give candidates, and a row with the same id
 * as before is the proof.
 */
#ifndef CSV_CATALOG_H
#define CSV_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "csv/rows.h"
#include "follow/beside.h"
#include "follow/name.h"
#include "state/store.h"
#include "tailer/places.h"

struct catalog_file {
	const struct conf_source *source;
	char *path;
	const char *name; /* the end of path */
	int plain_len;    /* length of name without ".gz" */
	struct acct_name key;
	bool moved; /* it is in move-to */
	uint64_t dev, ino, size;
	int64_t mtime_ms;
};

/* An entry of the store whose name is one of the source's. */
struct catalog_entry {
	struct store_file kept; /* the catalog owns its texts */
	char *name;
	struct acct_name key;
	const struct conf_source *source;
	const struct catalog_file *file; /* any file at its inode, or NULL */
	bool left;                       /* it has a name that its source no longer has */
};

/* A folder that cannot be read, or not completely. */
struct catalog_trouble {
	const struct conf_source *source;
	char *path;
	int error; /* an errno */
};

struct catalog {
	const struct conf *conf;
	struct store *store;        /* NULL for none */
	struct places places;       /* of the store */
	const char **names;         /* of each source in the store; NULL: it is new there */
	struct catalog_file *files; /* of all sources, the oldest first; each inode once */
	size_t nfiles, files_room;
	struct catalog_entry *entries;
	size_t nentries, entries_room;
	struct catalog_trouble *troubles;
	size_t ntroubles, troubles_room;
	struct besides *besides; /* of each source: what is not read */
};

/*
 * Reads the folders and the store, which may be NULL and which the caller owns.  Returns 0 or a
 * negative errno; call catalog_close() in any case.
 */
int catalog_open(struct catalog *ret, const struct conf *conf, struct store *store) MUST_CHECK;
void catalog_close(struct catalog *c);

/* Returns the name that the store has for a source of the configuration: see tailer/places.h. */
const char *catalog_stored_name(const struct catalog *c, const struct conf_source *s);

/* Returns the sources as the tailer has them, for the caller to free; NULL when out of memory. */
struct tail_source *catalog_tail_sources(const struct conf *conf);

/* Reports each trouble.  Returns their number. */
size_t catalog_report(const struct catalog *c, void (*report)(const char *path, const char *why));

/* Reports what lies beside the files of each source, with the line that makes it readable. */
void catalog_report_beside(const struct catalog *c,
                           void (*report)(const char *source, const char *text));

/*
 * Finds a file that is no longer at its path because it was moved or compressed.  Sets f to the
 * new file, with its path in the caller's buffer.  Returns false when it is not found.
 */
bool catalog_find_again(struct catalog_file *f, char *path, size_t size);

/* All data known about one file. */
struct catalog_known {
	const struct catalog_entry *entry; /* NULL: not in the store */
	bool proved;     /* a row of it was compared, or there is none to compare */
	bool bare;       /* it has no row: a header and blank lines at most */
	bool whole;      /* it ends at the settled offset: nothing is left */
	uint64_t resume; /* offset at which an agent continues, also after a fork's shared rows */
	struct ledger ledger; /* the caller owns it */
};

/*
 * Returns 0, or a negative errno when the file (-EBADMSG: a .gz that is damaged or not finished) or
 * the store cannot be read.  A .gz is unpacked for this.
 */
int catalog_look(const struct catalog *c, const struct catalog_file *f,
                 struct catalog_known *ret) MUST_CHECK;

/* Returns true if the file has the entry's inode. */
bool catalog_same_inode(const struct catalog_file *f, const struct catalog_entry *e);

/* Returns the newest entry of that name (without ".gz"), or NULL. */
const struct catalog_entry *catalog_entry_named(const struct catalog *c, const char *name);

/* ---- the sources of the configuration ---- */

/* Returns the source whose acct-file matches the file's name, else the first source. */
const struct conf_source *catalog_source_of(const struct conf *conf, const char *path);

/*
 * Calls rows_each() for path with the source's settings.  A file without a header has the one that
 * an agent assumed for it, or would: from the store, if there is one that can be read.
 */
int catalog_rows(const struct conf *conf, const struct conf_source *source, const char *path,
                 const struct rows_hooks *hooks) MUST_CHECK;

/*
 * Returns true if the source ships records of that type and timeLogged is in [since, until).  A
 * time that cannot be parsed counts as within.
 */
bool catalog_wanted(const struct conf_source *source, const struct record *rec, int64_t since_ms,
                    int64_t until_ms);

#endif
