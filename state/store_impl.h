/* store_impl.h - for store_*.c only: the database of a store. */
#ifndef STATE_STORE_IMPL_H
#define STATE_STORE_IMPL_H

#include "state/store.h"

struct sql;
struct sql *store_sql(struct store *s);

/*
 * Updates the store at path from an earlier version to STORE_VERSION, in one transaction, and keeps
 * a copy of the old store as PATH.vVERSION.  On failure the store is unchanged.
 */
int store_migrate(struct sql *db, const char *path, int version, struct err *err) MUST_CHECK;

#endif
