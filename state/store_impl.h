/* store_impl.h - for store_*.c only: the database of a store. */
#ifndef STATE_STORE_IMPL_H
#define STATE_STORE_IMPL_H

#include "state/store.h"
#include "state/store_pair.h"
#include "state/store_place.h"

struct sql;

struct store {
	struct sql *db;
	char *dir; /* as configured */
	char name[16];
	int lock;
	int file; /* the database, for store_pair_of_fd(): closed after db */
	struct store_pair pair;
	struct store_place place; /* of a store that is open for writing */
	int64_t sync_ms;          /* when the next sync is due */
	bool full;                /* the current transaction is to be synced */
};

struct sql *store_sql(struct store *s);

/* Takes the lock of the store; *ret_fd holds it.  Returns 0, -EBUSY or another negative errno. */
int store_take_lock(const char *dir, const char *name, int *ret_fd, struct err *err) MUST_CHECK;

/* Opens s->db by dir and name, and checks it.  On failure the caller closes it. */
int store_connect(struct store *s, bool read_only, struct err *err) MUST_CHECK;

/*
 * Updates the store at path from an earlier version to STORE_VERSION, in one transaction, and keeps
 * a copy of the old store as PATH.vVERSION.  On failure the store is unchanged.
 */
int store_migrate(struct sql *db, const char *path, int version, struct err *err) MUST_CHECK;

#endif
