#include "status/lag.h"

#include <string.h>

#include "base/clock.h"
#include "record/columns.h"

#define LAST_RECORD "last_record" /* a source's value in the store */
#define ROW_TYPICAL 400           /* bytes of a row, until one was read */
/* A smaller mean is wrong: rows settled beyond a gap are counted before their bytes are. */
#define ROW_LEAST 16

static int64_t parse(const char *text)
{
	int64_t ms;
	bool local;
	return text[0] && clock_parse(text, &ms, &local) ? ms : 0;
}

int64_t lag_read(struct lag *t, const struct record *rec)
{
	const struct columns *c = rec->columns;
	/* It is mostly in the same column as before, so that one comparison finds it. */
	if (t->column >= c->n || strcmp(c->names[t->column], LAG_COLUMN) != 0)
		t->column = columns_find(c, LAG_COLUMN);
	if (t->column >= rec->nfields)
		return 0;
	const struct slice text = rec->fields[t->column];
	if (text.len >= sizeof(t->parsed))
		return 0;
	if (memcmp(t->parsed, text.text, text.len + 1) != 0) {
		memcpy(t->parsed, text.text, text.len + 1);
		t->parsed_ms = parse(t->parsed);
	}
	t->read_ms = t->parsed_ms;
	if (t->first_ms == 0)
		t->first_ms = t->read_ms;
	return t->read_ms;
}

void lag_done(struct lag *t, const struct lag_row *row)
{
	if (row->logged_ms == 0)
		return;
	/* Answers come in any order, so compare positions in the file. */
	if (t->done_file != row->file || t->done_end < row->end) {
		t->done_ms = row->logged_ms;
		t->done_file = row->file;
		t->done_end = row->end;
	}
	/* Nothing beyond a gap is settled; the answer that fills the gap settles it all. */
	if (row->committed < row->end)
		return;
	t->settled_ms = row->gaps ? row->logged_ms : t->done_ms;
	t->changed = true;
}

int lag_load(struct lag *t, struct store *store, const char *source)
{
	char text[LAG_TIME_SIZE];
	*t = (struct lag){0};
	int rc = store_get_text(store, source, LAST_RECORD, text, sizeof(text));
	if (rc == 0)
		t->settled_ms = parse(text);
	return rc;
}

int lag_put(struct lag *t, struct store *store, const char *source)
{
	char text[CLOCK_ISO_SIZE];
	if (!t->changed)
		return 0;
	clock_iso(t->settled_ms, text);
	return store_put_text(store, source, LAST_RECORD, text);
}

static uint64_t records_in(const struct tail_status *t)
{
	uint64_t row = t->settled_rows > 0 ? t->settled_bytes / t->settled_rows : 0;
	if (row < ROW_LEAST)
		row = ROW_TYPICAL;
	return (t->behind_bytes + row - 1) / row;
}

void lag_view(struct source_view *s, const struct lag *t, int64_t now_ms)
{
	int64_t settled = t->settled_ms != 0 ? t->settled_ms : t->first_ms;
	int64_t behind = settled != 0 ? clock_real_ms() - settled : 0;
	s->last_record_ms = t->read_ms != 0 ? t->read_ms : t->settled_ms;
	s->behind_records = records_in(&s->tail);
	/* After a quiet night, a new row is not late by the length of the night. */
	if (t->caught_up_ms != 0 && s->tail.unreadable == 0 && now_ms - t->caught_up_ms < behind)
		behind = now_ms - t->caught_up_ms;
	if (s->tail.behind_bytes > 0 && behind > 0)
		s->behind_seconds = (uint64_t)behind / 1000;
}
