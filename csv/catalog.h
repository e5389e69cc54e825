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
#include "csv/rows.h"
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

/* An entry of the store, as struct store_file has it. */
struct catalog_entry {
	struct store_file kept; /* its texts are the catalog's */
	char *name;
	const struct conf_source *source;
};

/* Called for each folder that cannot be read. */
typedef void catalog_report_fn(const char *path, const char *why);

struct catalog {
	const struct conf *conf;
	catalog_report_fn *report;
	struct store *store;        /* NULL: there is none */
	struct catalog_file *files; /* the oldest first, over all sources */
	size_t nfiles, files_room;
	struct catalog_entry *entries;
	size_t nentries, entries_room;
	unsigned unreadable; /* folders; each was reported */
};

/*
 * Look through the folders and the store, which may be NULL and stays the caller's.  Returns 0 or a
 * negative errno; catalog_close() in any case.
 */
int catalog_open(struct catalog *ret, const struct conf *conf, struct store *store,
                 catalog_report_fn *report) MUST_CHECK;
void catalog_close(struct catalog *c);

/* All that is known of one file. */
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
int catalog_look(const struct catalog *c, const struct catalog_file *f,
                 struct catalog_known *ret) MUST_CHECK;

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
