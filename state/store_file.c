/* The entries of files: the data to find each file again and to continue. */
#include <errno.h>
#include <stdlib.h>

#include "base/scope.h"
#include "state/sql.h"
#include "state/store.h"
#include "state/store_impl.h"

int store_last_file(struct store *s, int64_t *ret_id)
{
	return sql_number(store_sql(s), "SELECT coalesce(max(id), 0) FROM file", 0, ret_id);
}

/* Ladder and ranges are stored as they are in memory: the store is for one machine only. */
int store_file_put(struct store *s, const struct store_file *f, const struct ladder *ladder,
                   const struct ledger *ledger, struct slice header)
{
	return sql_run(
	        store_sql(s),
	        "INSERT OR REPLACE INTO file VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	        "ittiiiiibiiiiiiibbbbi", f->id, f->source, f->name, (int64_t)f->gz,
	        (int64_t)f->passed, (int64_t)f->dev, (int64_t)f->ino, (int64_t)f->size,
	        (const void *)f->salt.bytes, sizeof(f->salt.bytes), (int64_t)f->offset, f->gone_ms,
	        (int64_t)f->tally.rows, (int64_t)f->tally.acked, (int64_t)f->tally.dead,
	        (int64_t)f->tally.skipped, (int64_t)f->tally.ignored, (const void *)ladder->rungs,
	        ladder->n * sizeof(ladder->rungs[0]), (const void *)ledger->ranges,
	        ledger->n * sizeof(*ledger->ranges), (const void *)header.text, header.len,
	        (const void *)ledger->parts.v, ledger->parts.n * sizeof(ledger->parts.v[0]),
	        (int64_t)ledger->parts.letters);
}

int store_file_touch(struct store *s, const struct store_file *f)
{
	return sql_run(store_sql(s),
	               "UPDATE file SET name=?, gz=?, dev=?, ino=?, size=?, salt=?, gone=?, rows=?,"
	               " acked=?, dead=?, skipped=?, ignored=? WHERE id=?",
	               "tiiiibiiiiiii", f->name, (int64_t)f->gz, (int64_t)f->dev, (int64_t)f->ino,
	               (int64_t)f->size, (const void *)f->salt.bytes, sizeof(f->salt.bytes),
	               f->gone_ms, (int64_t)f->tally.rows, (int64_t)f->tally.acked,
	               (int64_t)f->tally.dead, (int64_t)f->tally.skipped, (int64_t)f->tally.ignored,
	               f->id);
}

int store_file_drop(struct store *s, int64_t id)
{
	int rc = sql_run(store_sql(s), "DELETE FROM batch WHERE file = ?", "i", id);
	if (rc == 0)
		rc = sql_run(
		        store_sql(s),
		        "DELETE FROM dropped WHERE (source, file) IN"
		        " (SELECT source, name FROM file WHERE id = ?1) AND (source, file) NOT IN"
		        " (SELECT source, name FROM file WHERE id <> ?1)",
		        "i", id);
	if (rc == 0)
		rc = sql_run(store_sql(s), "DELETE FROM file WHERE id = ?", "i", id);
	return rc;
}

struct file_call {
	store_file_fn *fn;
	void *arg;
};

static int on_file(const struct sql_row *row, void *arg)
{
	const struct file_call *call = arg;
	struct store_file f = {
	        .id = sql_int(row, 0),
	        .source = sql_text(row, 1),
	        .name = sql_text(row, 2),
	        .gz = sql_int(row, 3) != 0,
	        .passed = sql_int(row, 4) != 0,
	        .dev = (uint64_t)sql_int(row, 5),
	        .ino = (uint64_t)sql_int(row, 6),
	        .size = (uint64_t)sql_int(row, 7),
	        .offset = (uint64_t)sql_int(row, 9),
	        .gone_ms = sql_int(row, 10),
	        .tally = {(uint64_t)sql_int(row, 11), (uint64_t)sql_int(row, 12),
	                  (uint64_t)sql_int(row, 13), (uint64_t)sql_int(row, 14),
	                  (uint64_t)sql_int(row, 15)},
	};
	size_t len;
	const void *salt = sql_blob(row, 8, &len);
	if (len == sizeof(f.salt.bytes))
		memcpy(f.salt.bytes, salt, len);
	return call->fn(&f, call->arg);
}

int store_files(struct store *s, const char *source, store_file_fn *fn, void *arg)
{
	struct file_call call = {fn, arg};
	return sql_each(store_sql(s), on_file, &call,
	                "SELECT id, source, name, gz, passed, dev, ino, size, salt, offset, gone,"
	                " rows, acked, dead, skipped, ignored FROM file WHERE source = ?",
	                "t", source);
}

struct header_call {
	store_header_fn *fn;
	void *arg;
};

static int on_header(const struct sql_row *row, void *arg)
{
	const struct header_call *call = arg;
	size_t len;
	const char *text = sql_blob(row, 0, &len);
	return len > 0 ? call->fn((struct slice){text, len}, call->arg) : 0;
}

int store_headers(struct store *s, const char *source, const char *name, store_header_fn *fn,
                  void *arg)
{
	struct header_call call = {fn, arg};
	return sql_each(store_sql(s), on_header, &call,
	                "SELECT header FROM file WHERE source = ? AND length(header) > 1"
	                " ORDER BY name = ? DESC, id DESC LIMIT 20",
	                "tt", source, name);
}

struct position {
	struct ladder *ladder;
	struct ledger *ledger;
	char **header;
	size_t *header_len;
};

static int take_ranges(struct ledger *ledger, const void *data, size_t len)
{
	size_t n = len / sizeof(*ledger->ranges);
	if (len % sizeof(*ledger->ranges) != 0 || n > LEDGER_RANGES_MAX + 1)
		return -EUCLEAN;
	if (n == 0)
		return 0;
	ledger->ranges = malloc(len);
	if (!ledger->ranges)
		return -ENOMEM;
	memcpy(ledger->ranges, data, len);
	ledger->n = ledger->room = n;
	return 0;
}

static int take_parts(struct parts *parts, const void *data, size_t len)
{
	size_t n = len / sizeof(parts->v[0]);
	if (len % sizeof(parts->v[0]) != 0 || n > PARTS_MAX)
		return -EUCLEAN;
	for (size_t i = 0; i < n; i++) {
		memcpy(&parts->v[i], (const char *)data + i * sizeof(parts->v[0]),
		       sizeof(parts->v[0]));
		if (i > 0 && parts->v[i].from <= parts->v[i - 1].from)
			return -EUCLEAN;
	}
	parts->n = n;
	return 0;
}

static int on_position(const struct sql_row *row, void *arg)
{
	const struct position *p = arg;
	size_t len;
	const void *data = sql_blob(row, 1, &len);
	if (len % sizeof(struct mark) != 0 || len > sizeof(p->ladder->rungs))
		return -EUCLEAN;
	memcpy(p->ladder->rungs, data, len);
	p->ladder->n = len / sizeof(struct mark);
	data = sql_blob(row, 3, &len);
	scope_free char *header = malloc(len + 1);
	if (!header)
		return -ENOMEM;
	memcpy(header, data, len);
	header[len] = '\0';
	data = sql_blob(row, 2, p->header_len);
	int rc = take_ranges(p->ledger, data, *p->header_len);
	data = sql_blob(row, 4, p->header_len);
	if (rc == 0)
		rc = take_parts(&p->ledger->parts, data, *p->header_len);
	if (rc < 0)
		return rc;
	p->ledger->committed = (uint64_t)sql_int(row, 0);
	p->ledger->parts.letters = sql_int(row, 5) != 0;
	*p->header = STEAL(header);
	*p->header_len = len;
	return 0;
}

int store_file_get(struct store *s, int64_t id, struct ladder *ret_ladder,
                   struct ledger *ret_ledger, char **ret_header, size_t *ret_header_len)
{
	struct position p = {ret_ladder, ret_ledger, ret_header, ret_header_len};
	*ret_ladder = (struct ladder){0};
	*ret_ledger = (struct ledger){0};
	*ret_header = NULL;
	int rc = sql_each(
	        store_sql(s), on_position, &p,
	        "SELECT offset, ladder, ranges, header, parts, letters FROM file WHERE id = ?", "i",
	        id);
	if (rc == 0 && !*ret_header)
		rc = -ENOENT;
	return rc;
}

static int take_number(const struct sql_row *row, void *arg)
{
	*(uint32_t *)arg = (uint32_t)sql_int(row, 0);
	return 0;
}

int store_selection_put(struct store *s, const struct store_selection *what, uint32_t *ret_number)
{
	int rc = sql_run(store_sql(s), "INSERT OR IGNORE INTO selection(types, rules) VALUES(?, ?)",
	                 "tt", what->types, what->rules);
	return rc == 0 ? sql_each(store_sql(s), take_number, ret_number,
	                          "SELECT number FROM selection WHERE types = ? AND rules = ?",
	                          "tt", what->types, what->rules)
	               : rc;
}

struct selection_call {
	store_selection_fn *fn;
	void *arg;
};

static int on_selection(const struct sql_row *row, void *arg)
{
	const struct selection_call *call = arg;
	const struct store_selection what = {sql_text(row, 0), sql_text(row, 1)};
	return call->fn(&what, call->arg);
}

int store_selection_get(struct store *s, uint32_t number, store_selection_fn *fn, void *arg)
{
	struct selection_call call = {fn, arg};
	return sql_each(store_sql(s), on_selection, &call,
	                "SELECT types, rules FROM selection WHERE number = ?", "i",
	                (int64_t)number);
}
