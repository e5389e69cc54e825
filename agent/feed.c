#include "agent/feed.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "agent/boundaries.h"
#include "agent/commit.h"
#include "base/fault.h"
#include "base/log.h"
#include "rules/judge.h"
#include "status/lag.h"

#define LINES_AT_ONCE 20000 /* then the loop turns: answers and events wait for us */
#define STALL_MS 200

int feed_open(struct feed *f, const struct feed_parts *parts, unsigned source, struct err *err)
{
	const struct conf_source *conf = &parts->conf->sources[source];
	const struct reader_conf reader = {
	        .record_max = parts->conf->record_max,
	        .record_fields = &conf->record_fields,
	        .type_field = parts->conf->endpoints[conf->endpoint].type_field,
	};
	*f = (struct feed){
	        .parts = *parts,
	        .index = source,
	        .conf = conf,
	        .counters = &parts->counters->sources[source],
	        .lag = &parts->lags[source],
	};
	if (reader_new(&f->reader, &reader) < 0)
		return err_set(err, -ENOMEM, "source \"%s\": out of memory", conf->name);
	return 0;
}

void feed_close(struct feed *f)
{
	f->reader = reader_free(f->reader);
}

/* All up to read_to needs no answer: nothing before it in this range is to be shipped. */
static int settle(struct feed *f)
{
	if (!f->file || f->read_to <= f->cursor)
		return 0;
	int rc = tailer_ack(f->parts.tailer, f->file, f->cursor, f->read_to, &f->last,
	                    f->last.end > f->cursor, &f->passed);
	if (rc < 0)
		return rc;
	f->cursor = f->read_to;
	f->passed = (struct tally){0};
	return 0;
}

/* Complete the open batch and settle what stands behind it. */
static int close_batch(struct feed *f)
{
	(void)ship_seal(f->parts.ship, f->index);
	f->bound = 0;
	return settle(f);
}

/* A half-read record is read again, from its first line on, when its file's turn comes. */
static void put_back(struct feed *f)
{
	uint64_t start;
	if (!f->file || !reader_pending(f->reader, &start))
		return;
	reader_drop(f->reader);
	tail_file_seek(f->file, start);
	f->expect = start;
}

static int leave(struct feed *f)
{
	if (!f->file)
		return 0;
	put_back(f);
	int rc = close_batch(f);
	if (rc < 0)
		return rc;
	tailer_release(f->parts.tailer, f->file, 1);
	f->file = NULL;
	return 0;
}

/* Go on in file, at offset from: the line there is at hand, and else would be missing. */
static int enter(struct feed *f, struct tail_file *file, uint64_t from)
{
	int rc = leave(f);
	if (rc == 0 && (f->reader_file != tail_file_id(file) || from != f->read_to))
		rc = reader_begin(f->reader, tail_file_header(file));
	if (rc < 0) {
		tail_file_seek(file, from);
		return rc;
	}
	f->reader_file = tail_file_id(file);
	f->file = file;
	tailer_hold(file);
	f->cursor = f->read_to = f->expect = from;
	f->passed = (struct tally){0};
	f->last = (struct mark){0};
	return 0;
}

static void pass_over(struct feed *f, const struct mark *mark, bool proves)
{
	f->passed.rows++;
	amount_add(&f->counters->read, mark);
	f->read_to = mark->end;
	if (proves)
		f->last = *mark;
}

static void skip(struct feed *f, const struct record *rec)
{
	f->passed.skipped++;
	amount_add(&f->counters->skipped, &rec->mark);
	pass_over(f, &rec->mark, true);
	if (rec->type != RECORD_OTHER || f->warned_type)
		return;
	f->warned_type = true;
	log_warning("source \"%s\": records of the unknown type \"%s\" in \"%s\" are skipped and "
	            "counted",
	            f->conf->name, rec->fields[0].text, tail_file_name(f->file));
}

/* A row that is no record becomes a dead letter; reading goes on behind its first line. */
static int bury(struct feed *f, const struct record *rec, enum store_dead_kind kind,
                const char *why, bool proves)
{
	const struct store_dead d = {
	        .id = rec->mark.id,
	        .source = f->conf->name,
	        .endpoint = f->conf->endpoint_name,
	        .file = tail_file_name(f->file),
	        .start = rec->mark.start,
	        .end = rec->mark.end,
	        .kind = kind,
	        .reason = why,
	        .answer = SLICE_EMPTY,
	        .header = reader_header(f->reader),
	        .row = rec->raw,
	};
	int rc = commit_dead_letter(f->parts.commit, &d, f->now_ms);
	if (rc < 0)
		return rc;
	f->passed.dead++;
	amount_add(&f->counters->rejected, &rec->mark);
	pass_over(f, &rec->mark, proves);
	return 0;
}

/* Start a batch under a boundary that was stored before, if there is one here. */
static void find_bound(struct feed *f)
{
	if (ship_has_open(f->parts.ship, f->index) || f->bound > f->cursor)
		return;
	f->bound = boundaries_take(f->parts.boundaries, tail_file_id(f->file), f->cursor);
}

/* 1 when that completed a batch, 0 when not, or a negative errno. */
static int ship_record(struct feed *f, const struct record *rec)
{
	struct ship *ship = f->parts.ship;
	const struct ship_tag tag = {tail_file_id(f->file), f->file};
	struct ship_item item = {.start = f->cursor,
	                         .mark = rec->mark,
	                         .logged_ms = f->logged_ms,
	                         .tally = f->passed};
	item.tally.rows++;
	find_bound(f);
	int rc = ship_add(ship, f->index, f->conf->endpoint, &tag, rec, &item, f->bound != 0,
	                  f->now_ms);
	if (rc == -E2BIG)
		return bury(f, rec, DEAD_REFUSED, "its JSON is larger than batch-bytes", true);
	if (rc < 0)
		return rc;
	fault_point("after-add");
	tailer_hold(f->file);
	f->in_flight += item.tally.rows;
	amount_add(&f->counters->read, &rec->mark);
	counters_record(f->parts.counters, f->counters, rec);
	f->cursor = f->read_to = rec->mark.end;
	f->passed = (struct tally){0};
	if (f->bound != 0 && f->cursor >= f->bound) {
		f->bound = 0;
		rc = ship_seal(ship, f->index) || rc > 0;
	}
	return rc;
}

/* What the rules say of it goes with it, or keeps it here. */
static int judge_row(struct feed *f, const struct record *rec)
{
	struct rules *rules = f->parts.rules;
	if (!rules)
		return ship_record(f, rec);
	struct record judged = *rec;
	struct judge_text text;
	int rc = judge_record(rules, &judged, &text);
	if (rc == JUDGE_WITHHELD) {
		f->passed.ignored++;
		pass_over(f, &rec->mark, true);
		rc = 0;
	} else if (rc == 0) {
		rc = ship_record(f, &judged);
	}
	if (rc >= 0 && !text.result.silent)
		rules_count(rules, &text.result);
	return rc;
}

/* Other columns from here on.  What is stored with a position are the columns in force there, so
 * everything before must be committed first; that is rare enough to wait for. */
static int change_columns(struct feed *f, const struct record *rec)
{
	int rc = close_batch(f);
	if (rc < 0)
		return rc;
	if (tail_file_committed(f->file) >= f->cursor) {
		rc = tail_file_set_header(f->file, reader_header(f->reader));
		if (rc == 0)
			f->read_to = rec->mark.end;
		return rc;
	}
	f->barrier = true;
	tail_file_seek(f->file, rec->mark.start);
	f->expect = rec->mark.start;
	return reader_begin(f->reader, tail_file_header(f->file));
}

/* Whether the file has the reader's columns, too; else memory ran out when they changed. */
static bool columns_noted(const struct feed *f)
{
	struct slice known = tail_file_header(f->file), now = reader_header(f->reader);
	return known.len == now.len && memcmp(known.text, now.text, now.len) == 0;
}

/* What the reader made of a line.  1 when a batch is complete. */
static int take_result(struct feed *f, int result, const struct line *line,
                       const struct record *rec)
{
	uint64_t start;
	int rc = 0;
	switch (result) {
	case READ_MORE:
		if (reader_pending(f->reader, &start))
			tail_file_keep(f->file, start);
		return 0;
	case READ_HEADER:
		if (!columns_noted(f))
			return change_columns(f, rec);
		f->read_to = line->end;
		return 0;
	case READ_BLANK:
		f->read_to = line->end;
		return 0;
	case READ_COLUMNS:
		return change_columns(f, rec);
	case READ_RECORD:
		f->logged_ms = lag_read(f->lag, rec);
		if (conf_source_ships(f->conf, rec->fields[0].text))
			rc = judge_row(f, rec);
		else
			skip(f, rec);
		return rc;
	default:
		rc = bury(f, rec, DEAD_UNREADABLE, reader_why(f->reader), !line->cut);
		if (rc == 0 && rec->mark.end != line->end) {
			tail_file_seek(f->file, rec->mark.end);
			f->expect = rec->mark.end;
		}
		return rc;
	}
}

/* The next line of the lane's file does not follow on the last: a range in between was
 * acknowledged before the last end. */
static int jump(struct feed *f, uint64_t from)
{
	int rc = close_batch(f);
	if (rc < 0)
		return rc;
	reader_drop(f->reader);
	f->cursor = f->read_to = f->expect = from;
	f->last = (struct mark){0};
	return 0;
}

/* Out of memory, most likely: the row comes again, a little later. */
static void stall(struct feed *f)
{
	reader_drop(f->reader);
	if (f->file) {
		tail_file_seek(f->file, f->read_to);
		f->expect = f->read_to;
	}
	f->stalled_ms = f->now_ms + STALL_MS;
}

static int take_line(struct feed *f, const struct line *line, struct tail_file *file)
{
	struct record rec;
	int rc = 0;
	if (file != f->file)
		rc = enter(f, file, line->from);
	else if (line->from != f->expect)
		rc = jump(f, line->from);
	if (rc < 0)
		return rc;
	rc = reader_feed(f->reader, line, &rec);
	if (rc < 0)
		return rc;
	f->expect = line->end;
	fault_point("after-read");
	return take_result(f, rc, line, &rec);
}

/* A finished file has ended: a record that is still open will never be closed. */
static int take_end(struct feed *f, const struct line *end, struct tail_file *file)
{
	struct record rec;
	int rc = file != f->file ? enter(f, file, end->from) : 0;
	if (rc < 0)
		return rc;
	int result = reader_finish(f->reader, end, &rec);
	if (result == READ_REJECT)
		return take_result(f, result, end, &rec);
	f->read_to = f->expect = end->end; /* NULs up to the end, say */
	return 0;
}

/* Nothing more for now. */
static int rest(struct feed *f)
{
	put_back(f);
	/* The boundary lies beyond the end: the file lost its own (host crash).  No use to wait. */
	if (f->file && f->bound != 0 && ship_has_open(f->parts.ship, f->index))
		return close_batch(f);
	if (!f->file || ship_has_open(f->parts.ship, f->index))
		return 0;
	return leave(f);
}

static bool may_read(struct feed *f)
{
	if (f->now_ms < f->stalled_ms || commit_full(f->parts.commit) ||
	    !ship_room(f->parts.ship, f->conf->endpoint))
		return false;
	if (f->barrier && tail_file_committed(f->file) < f->cursor)
		return false;
	f->barrier = false;
	/* Too many gaps: wait for the batch that all the others have overtaken. */
	return !f->file || tail_file_gaps(f->file) < LEDGER_RANGES_MAX;
}

/* Rows passed over stay with the batch they were stored with: they would move its start. */
static bool may_settle(struct feed *f)
{
	if (!f->file || ship_has_open(f->parts.ship, f->index))
		return false;
	find_bound(f);
	return f->bound <= f->cursor;
}

bool feed_fill(struct feed *f, int64_t now_ms)
{
	struct tailer *tailer = f->parts.tailer;
	struct tail_file *file;
	struct line line;
	int rc = 0;
	f->now_ms = now_ms;
	for (unsigned n = 0; n < LINES_AT_ONCE && may_read(f); n++) {
		rc = tailer_next(tailer, f->index, &line, &file);
		if (rc == TAIL_NOTHING) {
			rc = rest(f);
			break;
		}
		rc = rc == TAIL_LINE ? take_line(f, &line, file) : take_end(f, &line, file);
		if (rc > 0) {
			tailer_turn(tailer, f->index);
			return true;
		}
		if (rc < 0)
			break;
	}
	if (rc == 0 && may_settle(f))
		rc = settle(f);
	if (rc < 0) {
		stall(f);
		return false;
	}
	return tailer_ready(tailer, f->index) && may_read(f);
}

/* ---- answers ---- */

static void note_lag(struct feed *f, const struct ship_done *done)
{
	const struct ship_item *last = &done->items[done->n - 1];
	const struct tail_file *file = done->tag.owner;
	const struct lag_row row = {
	        .file = done->tag.file,
	        .end = last->mark.end,
	        .logged_ms = last->logged_ms,
	        .committed = tail_file_committed(file),
	        .gaps = tail_file_gaps(file) > 0,
	};
	lag_done(f->lag, &row);
}

void feed_done(struct feed *f, const struct ship_done *done, const struct tally *tally)
{
	struct amount *amount = done->outcome == SHIP_REFUSED ? &f->counters->rejected
	                                                      : &f->counters->shipped;
	f->in_flight -= tally->rows;
	for (size_t i = 0; i < done->n; i++)
		amount_add(amount, &done->items[i].mark);
	note_lag(f, done);
	tailer_release(f->parts.tailer, done->tag.owner, done->n); /* held since ship_add() */
}

uint64_t feed_rows(const struct feed *f)
{
	return f->in_flight + f->passed.rows;
}

bool feed_idle(const struct feed *f)
{
	return feed_rows(f) == 0 && !tailer_ready(f->parts.tailer, f->index);
}
