/* Archives that need not be unpacked again. */
#include <inttypes.h>
#include <stdio.h>

#include "state/sql.h"
#include "state/store.h"
#include "state/store_impl.h"

/* No source can have this name: names have no colon. */
#define SCOPE ":settled"

static const char *name_of(int64_t file, char ret[24])
{
	(void)snprintf(ret, 24, "%" PRId64, file);
	return ret;
}

int store_settled_put(struct store *s, int64_t file, int64_t mtime_ns)
{
	char name[24];
	return store_put(s, SCOPE, name_of(file, name), mtime_ns);
}

int store_settled_get(struct store *s, int64_t file, int64_t *ret_mtime_ns)
{
	char name[24];
	return store_get(s, SCOPE, name_of(file, name), 0, ret_mtime_ns);
}

int store_settled_drop(struct store *s, int64_t file)
{
	char name[24];
	return sql_run(store_sql(s), "DELETE FROM value WHERE scope = ? AND name = ?", "tt", SCOPE,
	               name_of(file, name));
}
