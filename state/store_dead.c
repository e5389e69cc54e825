/* Dead letters: rows that were not delivered, with all data to see why and to try again. */
#include <errno.h>
#include <string.h>

#include "state/sql.h"
#include "state/store.h"
#include "state/store_impl.h"

static const char *const kinds[] = {
        [DEAD_UNKNOWN] = "unknown",
        [DEAD_UNREADABLE] = "unreadable",
        [DEAD_REFUSED] = "refused",
        [DEAD_PARTIAL] = "partial",
};

const char *store_dead_kind_name(enum store_dead_kind kind)
{
	return kinds[kind];
}

bool store_dead_kind_named(const char *name, enum store_dead_kind *ret)
{
	for (size_t i = DEAD_UNREADABLE; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i], name) == 0) {
			*ret = (enum store_dead_kind)i;
			return true;
		}
	}
	return false;
}

int store_dead_put(struct store *s, const struct store_dead *d, bool *ret_new)
{
	int64_t before, after;
	int rc = sql_number(store_sql(s), "SELECT total_changes()", 0, &before);
	if (rc == 0)
		rc = sql_run(store_sql(s),
		             "INSERT OR IGNORE INTO dead(id, source, endpoint, file, start, end,"
		             " kind, reason, status, answer, header, row, row_is_json, made, run)"
		             " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
		             "btttiittibbbiii", (const void *)d->id.bytes, sizeof(d->id.bytes),
		             d->source, d->endpoint, d->file, (int64_t)d->start, (int64_t)d->end,
		             kinds[d->kind], d->reason, d->status, (const void *)d->answer.text,
		             d->answer.len, (const void *)d->header.text, d->header.len,
		             (const void *)d->row.text, d->row.len, (int64_t)d->row_is_json,
		             d->made_ms, d->run);
	if (rc == 0)
		rc = sql_number(store_sql(s), "SELECT total_changes()", 0, &after);
	if (rc == 0)
		*ret_new = after > before;
	return rc == 0 && *ret_new ? sql_run(store_sql(s), "DELETE FROM dropped WHERE id = ?", "b",
	                                     (const void *)d->id.bytes, sizeof(d->id.bytes))
	                           : rc;
}

int store_dead_drop(struct store *s, const struct hash128 *id)
{
	return sql_run(store_sql(s), "DELETE FROM dead WHERE id = ?", "b", (const void *)id->bytes,
	               sizeof(id->bytes));
}

struct dead_call {
	store_dead_fn *fn;
	void *arg;
};

static struct slice slice_at(const struct sql_row *row, int column)
{
	struct slice s;
	s.text = sql_blob(row, column, &s.len);
	return s;
}

static int on_dead(const struct sql_row *row, void *arg)
{
	const struct dead_call *call = arg;
	struct store_dead d = {
	        .number = sql_int(row, 0),
	        .source = sql_text(row, 2),
	        .endpoint = sql_text(row, 3),
	        .file = sql_text(row, 4),
	        .start = (uint64_t)sql_int(row, 5),
	        .end = (uint64_t)sql_int(row, 6),
	        .reason = sql_text(row, 8),
	        .status = sql_int(row, 9),
	        .answer = slice_at(row, 10),
	        .header = slice_at(row, 11),
	        .row = slice_at(row, 12),
	        .row_is_json = sql_int(row, 13) != 0,
	        .made_ms = sql_int(row, 14),
	        .run = sql_int(row, 15),
	        .tries = sql_int(row, 16),
	        .tried_ms = sql_int(row, 17),
	};
	struct slice id = slice_at(row, 1);
	if (id.len != sizeof(d.id.bytes))
		return -EUCLEAN;
	memcpy(d.id.bytes, id.text, id.len);
	(void)store_dead_kind_named(sql_text(row, 7), &d.kind);
	return call->fn(&d, call->arg);
}

#define DEAD_COLUMNS                                                                               \
	"SELECT number, id, source, endpoint, file, start, end, kind, reason, status, answer,"     \
	" header, row, row_is_json, made, run, tries, tried FROM dead "

int store_dead_all(struct store *s, store_dead_fn *fn, void *arg)
{
	struct dead_call call = {fn, arg};
	return sql_each(store_sql(s), on_dead, &call, DEAD_COLUMNS "ORDER BY number", "");
}

#define DEAD_FOUND                                                                                 \
	"WHERE (?1 IS NULL OR instr(?1, ',' || number || ',') OR"                                  \
	" instr(?1, ',' || lower(hex(id)) || ','))"                                                \
	" AND (?2 IS NULL OR source = ?2) AND (?3 IS NULL OR endpoint = ?3)"                       \
	" AND (?4 IS NULL OR kind = ?4) AND (?5 IS NULL OR instr(lower(reason), lower(?5)))"       \
	" AND made >= ?6 AND (?7 = 0 OR made < ?7)"                                                \
	" AND number > ?8 AND (?9 = 0 OR number <= ?9)"
#define DEAD_FOUND_LETTERS "tttttiiii"
#define DEAD_FOUND_VALUES(f)                                                                       \
	(f)->ids, (f)->source, (f)->endpoint, (f)->kind ? kinds[(f)->kind] : NULL, (f)->reason,    \
	        (f)->from_ms, (f)->to_ms, (f)->after, (f)->upto

int store_dead_find(struct store *s, const struct store_dead_filter *f, store_dead_fn *fn,
                    void *arg)
{
	struct dead_call call = {fn, arg};
	int64_t limit = f->limit > 0 ? f->limit : -1;
	return sql_each(store_sql(s), on_dead, &call,
	                DEAD_COLUMNS DEAD_FOUND " ORDER BY number LIMIT ?10",
	                DEAD_FOUND_LETTERS "i", DEAD_FOUND_VALUES(f), limit);
}

static int take_count(const struct sql_row *row, void *arg)
{
	int64_t *to = arg;
	to[0] = sql_int(row, 0);
	to[1] = sql_int(row, 1);
	return 0;
}

int store_dead_count_found(struct store *s, const struct store_dead_filter *f, int64_t *ret_n,
                           int64_t *ret_last)
{
	int64_t found[2] = {0};
	int rc = sql_each(store_sql(s), take_count, found,
	                  "SELECT count(*), coalesce(max(number), 0) FROM dead " DEAD_FOUND,
	                  DEAD_FOUND_LETTERS, DEAD_FOUND_VALUES(f));
	*ret_n = found[0];
	*ret_last = found[1];
	return rc;
}

int store_dead_drop_found(struct store *s, const struct store_dead_filter *f, int64_t *ret_n)
{
	int64_t before, after;
	int rc = sql_run(
	        store_sql(s),
	        "INSERT OR IGNORE INTO dropped SELECT id, source, file FROM dead " DEAD_FOUND,
	        DEAD_FOUND_LETTERS, DEAD_FOUND_VALUES(f));
	if (rc == 0)
		rc = sql_number(store_sql(s), "SELECT total_changes()", 0, &before);
	if (rc == 0)
		rc = sql_run(store_sql(s), "DELETE FROM dead " DEAD_FOUND, DEAD_FOUND_LETTERS,
		             DEAD_FOUND_VALUES(f));
	if (rc == 0)
		rc = sql_number(store_sql(s), "SELECT total_changes()", 0, &after);
	if (rc == 0)
		*ret_n = after - before;
	return rc;
}

static int is_there(const struct sql_row *row, void *arg)
{
	(void)row;
	*(bool *)arg = true;
	return 0;
}

int store_dead_was_dropped(struct store *s, const struct hash128 *id, bool *ret)
{
	*ret = false;
	return sql_each(store_sql(s), is_there, ret, "SELECT 1 FROM dropped WHERE id = ?", "b",
	                (const void *)id->bytes, sizeof(id->bytes));
}

int store_dead_again(struct store *s, const struct store_dead *d)
{
	return sql_run(store_sql(s),
	               "UPDATE dead SET kind = ?, reason = ?, status = ?, answer = ?,"
	               " tried = ?, tries = tries + 1 WHERE id = ?",
	               "ttibib", kinds[d->kind], d->reason, d->status, (const void *)d->answer.text,
	               d->answer.len, d->made_ms, (const void *)d->id.bytes, sizeof(d->id.bytes));
}

int store_dead_get(struct store *s, int64_t number, store_dead_fn *fn, void *arg)
{
	struct dead_call call = {fn, arg};
	return sql_each(store_sql(s), on_dead, &call, DEAD_COLUMNS "WHERE number = ?", "i", number);
}

int store_dead_of(struct store *s, const struct hash128 *id, store_dead_fn *fn, void *arg)
{
	struct dead_call call = {fn, arg};
	return sql_each(store_sql(s), on_dead, &call, DEAD_COLUMNS "WHERE id = ?", "b",
	                (const void *)id->bytes, sizeof(id->bytes));
}

int store_dead_run(struct store *s, const char *endpoint, int64_t run, int64_t after,
                   store_dead_fn *fn, void *arg)
{
	struct dead_call call = {fn, arg};
	return sql_each(store_sql(s), on_dead, &call,
	                DEAD_COLUMNS "WHERE endpoint = ? AND run = ? AND run > 0 AND number > ?"
	                             " ORDER BY number",
	                "tii", endpoint, run, after);
}

int store_dead_run_becomes(struct store *s, const char *endpoint, int64_t run, int64_t other)
{
	return sql_run(store_sql(s), "UPDATE dead SET run = ? WHERE endpoint = ? AND run = ?",
	               "iti", other, endpoint, run);
}

int store_dead_count(struct store *s, int64_t *ret_records, int64_t *ret_bytes)
{
	int rc = sql_number(store_sql(s), "SELECT count(*) FROM dead", 0, ret_records);
	if (rc == 0)
		rc = sql_number(
		        store_sql(s),
		        "SELECT coalesce(sum(length(row) + length(header) + length(answer)), 0)"
		        " FROM dead",
		        0, ret_bytes);
	return rc;
}

int store_dead_newest(struct store *s, int64_t *ret_made_ms)
{
	/* The number is the key of the table: no row is read but the last one. */
	return sql_number(
	        store_sql(s),
	        "SELECT coalesce((SELECT made FROM dead ORDER BY number DESC LIMIT 1), 0)", 0,
	        ret_made_ms);
}
