#include "status/lag.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "record/columns.h"

#define LAST_RECORD "last_record" /* of a source, in the store */
#define ROW_TYPICAL 400           /* bytes, while none was read */
/* A smaller mean is none: rows settled beyond a gap count, and their bytes do not yet. */
#define ROW_LEAST 16

static void note(char ret[LAG_TIME_SIZE], struct slice text)
{
	size_t len = text.len < LAG_TIME_SIZE ? text.len : 0;
	memcpy(ret, text.text, len);
	ret[len] = '\0';
}

void lag_read(struct lag *t, const struct record *rec)
{
	const struct columns *c = rec->columns;
	/* Mostly where it was the time before, so that one comparison finds it. */
	if (t->column >= c->n || strcmp(c->names[t->column], LAG_COLUMN) != 0)
		t->column = columns_find(c, LAG_COLUMN);
	if (t->column >= rec->nfields)
		return;
	note(t->read, rec->fields[t->column]);
	if (!t->first[0])
		memcpy(t->first, t->read, sizeof(t->first));
}

void lag_done(struct lag *t, const struct lag_row *row)
{
	if (row->logged.len == 0)
		return;
	/* Answers come in any order: what counts is the place in the file. */
	if (t->done_file != row->file || t->done_end < row->end) {
		note(t->done, row->logged);
		t->done_file = row->file;
		t->done_end = row->end;
	}
	/* Beyond a gap nothing is settled: what fills the gap settles all. */
	if (row->committed < row->end)
		return;
	if (row->gaps)
		note(t->settled, row->logged);
	else
		memcpy(t->settled, t->done, sizeof(t->settled));
	t->changed = true;
}

int lag_load(struct lag *t, struct store *store, const char *source)
{
	*t = (struct lag){0};
	return store_get_text(store, source, LAST_RECORD, t->settled, sizeof(t->settled));
}

int lag_put(struct lag *t, struct store *store, const char *source)
{
	return t->changed ? store_put_text(store, source, LAST_RECORD, t->settled) : 0;
}

static int64_t parsed(const char *text)
{
	int64_t ms;
	bool local;
	return text[0] && clock_parse(text, &ms, &local) ? ms : 0;
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
	int64_t settled = parsed(t->settled[0] ? t->settled : t->first);
	int64_t behind = settled != 0 ? clock_real_ms() - settled : 0;
	s->last_record_ms = parsed(t->read[0] ? t->read : t->settled);
	s->behind_records = records_in(&s->tail);
	/* After a quiet night the row of this second is not a night late. */
	if (t->caught_up_ms != 0 && s->tail.unreadable == 0 && now_ms - t->caught_up_ms < behind)
		behind = now_ms - t->caught_up_ms;
	if (s->tail.behind_bytes > 0 && behind > 0)
		s->behind_seconds = (uint64_t)behind / 1000;
}
