/* Sources: their places, and the name under which everything of theirs is stored. */
#include "state/sql.h"
#include "state/store.h"
#include "state/store_impl.h"

int store_put_place(struct store *s, const struct source_place *p)
{
	return sql_run(store_sql(s), "INSERT OR REPLACE INTO place VALUES(?,?,?,?,?)", "tttii",
	               p->source, p->folder, p->base, (int64_t)p->moved, (int64_t)p->past);
}

int store_drop_place(struct store *s, const struct source_place *p)
{
	return sql_run(store_sql(s), "DELETE FROM place WHERE source=? AND folder=? AND base=?",
	               "ttt", p->source, p->folder, p->base);
}

struct place_call {
	source_place_fn *fn;
	void *arg;
};

static int on_place(const struct sql_row *row, void *arg)
{
	const struct place_call *call = arg;
	const struct source_place p = {
	        .source = sql_text(row, 0),
	        .folder = sql_text(row, 1),
	        .base = sql_text(row, 2),
	        .moved = sql_int(row, 3) != 0,
	        .past = sql_int(row, 4) != 0,
	};
	return call->fn(&p, call->arg);
}

int store_places(struct store *s, source_place_fn *fn, void *arg)
{
	struct place_call call = {fn, arg};
	return sql_each(store_sql(s), on_place, &call,
	                "SELECT source, folder, base, moved, past FROM place"
	                " ORDER BY source, folder, base",
	                "");
}

struct source_call {
	store_source_fn *fn;
	void *arg;
};

static int on_source(const struct sql_row *row, void *arg)
{
	const struct source_call *call = arg;
	return call->fn(sql_text(row, 0), call->arg);
}

int store_sources(struct store *s, store_source_fn *fn, void *arg)
{
	struct source_call call = {fn, arg};
	return sql_each(store_sql(s), on_source, &call,
	                "SELECT source FROM place UNION SELECT source FROM file", "");
}

int store_source_rename(struct store *s, const char *from, const char *to)
{
	static const char *const steps[] = {
	        "UPDATE file SET source = ? WHERE source = ?",
	        "UPDATE dead SET source = ? WHERE source = ?",
	        "UPDATE dropped SET source = ? WHERE source = ?",
	        "UPDATE OR REPLACE place SET source = ? WHERE source = ?",
	        "UPDATE OR REPLACE value SET scope = ? WHERE scope = ?",
	};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		rc = sql_run(store_sql(s), steps[i], "tt", to, from);
	return rc;
}
