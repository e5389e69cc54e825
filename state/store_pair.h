/*
 * store_pair.h - for store*.c only: whether a database and the write-ahead log beside it belong
 * together.
 *
 * SQLite applies any log with good checksums to any database, for example to an older copy that
 * was restored beside it; the result is a mixture.  So the database has a generation, in the
 * application id of its header.  The first transaction after the log has been moved into the
 * database raises it by one.  A database and its log then differ by at most one.
 */
#ifndef STATE_STORE_PAIR_H
#define STATE_STORE_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct sql;

struct store_pair {
	uint32_t generation; /* as committed */
	bool fresh;          /* the next transaction raises it */
	bool raised;         /* the current one has */
};

/*
 * Reads the generation from the file itself, without its log; 0 for a file that is missing or
 * short.  Call it while this process does not have the database open: closing a descriptor would
 * end SQLite's locks.
 */
uint32_t store_pair_of_file(const char *path);
/* The same from a descriptor, at any time. */
uint32_t store_pair_of_fd(int fd);

/* Returns true if a database file of that generation can be that of this log. */
bool store_pair_fits(const struct store_pair *p, uint32_t of_file);

/* Compares with what database and log say together.  Returns 0; -ESTALE if they do not match. */
int store_pair_check(struct store_pair *p, struct sql *db, uint32_t of_file) MUST_CHECK;

/* Call after BEGIN; after the commit; after the rollback. */
int store_pair_begin(struct store_pair *p, struct sql *db) MUST_CHECK;
void store_pair_committed(struct store_pair *p, struct sql *db);
void store_pair_rolled_back(struct store_pair *p);

#endif
