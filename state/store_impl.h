/* store_impl.h - for store_*.c only: the database behind a store. */
#ifndef STATE_STORE_IMPL_H
#define STATE_STORE_IMPL_H

struct store;
struct sql *store_sql(struct store *s);

#endif
