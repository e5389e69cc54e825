/* store_impl.h - for store_*.c only: the database behind a store. */
#ifndef STATE_STORE_IMPL_H
#define STATE_STORE_IMPL_H

#include "state/store.h"

struct sql;
struct sql *store_sql(struct store *s);

/*
 * Bring the store at path from an earlier version to STORE_VERSION, in one transaction, and keep a
 * copy as it was beside it: PATH.vVERSION.  On failure it is as it was.
 */
int store_migrate(struct sql *db, const char *path, int version, struct err *err) MUST_CHECK;

#endif
