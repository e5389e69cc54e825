#include "agent/feed.h"

#include <errno.h>
#include <string.h>

#include "agent/boundaries.h"
#include "agent/commit.h"
#include "base/fault.h"
#include "base/log.h"
#include "record/json.h"
#include "rules/judge.h"
#include "status/lag.h"

#define LINES_AT_ONCE 20000 /* then the loop turns, because answers and events wait */
#define STALL_MS 200

/* Settles everything up to here, which needs no answer: nothing after the cursor is shipped. */
static int settle(struct feed *f, uint64_t to)
{
	if (!acct_file(f->acct) || to <= f->cursor)
		return 0;
	int rc = tailer_ack(f->parts.tailer, acct_file(f->acct), f->cursor, to, &f->last,
	                    f->last.end > f->cursor, &f->passed);
	if (rc < 0)
		return rc;
	f->cursor = to;
	f->passed = (struct tally){0};
	return 0;
}

/* Completes the open batch and settles the rows after it. */
static int close_batch(struct feed *f, uint64_t to)
{
	(void)ship_seal(f->parts.ship, f->index);
	f->bound = 0;
	return settle(f, to);
}

/* Reading continues elsewhere; ranges do not cross that point. */
static int go_on_at(uint64_t from, void *arg)
{
	struct feed *f = arg;
	int rc = close_batch(f, acct_pos(f->acct));
	if (rc < 0)
		return rc;
	f->cursor = from;
	f->passed = (struct tally){0};
	f->last = (struct mark){0};
	return 0;
}

int feed_open(struct feed *f, const struct feed_parts *parts, unsigned source, struct err *err)
{
	const struct conf_source *conf = &parts->conf->sources[source];
	*f = (struct feed){
	        .parts = *parts,
	        .index = source,
	        .conf = conf,
	        .counters = &parts->counters->sources[source],
	        .lag = &parts->lags[source],
	};
	const struct acct_conf acct = {
	        .tailer = parts->tailer,
	        .source = source,
	        .reader = {.record_max = parts->conf->record_max,
	                   .record_fields = &conf->record_fields,
	                   .type_field = parts->conf->endpoints[conf->endpoint].type_field},
	        .settle = go_on_at,
	        .arg = f,
	};
	if (acct_new(&f->acct, &acct) < 0)
		return err_set(err, -ENOMEM, "source \"%s\": out of memory", conf->name);
	return 0;
}

void feed_close(struct feed *f)
{
	f->acct = acct_free(f->acct);
}

static void pass_over(struct feed *f, const struct mark *mark, bool proves)
{
	f->passed.rows++;
	amount_add(&f->counters->read, mark);
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
	            f->conf->name, rec->fields[0].text, tail_file_name(acct_file(f->acct)));
}

/* Makes a dead letter of a row that cannot be delivered. */
static int bury(struct feed *f, const struct acct_row *row, enum store_dead_kind kind,
                const char *why)
{
	const struct mark *mark = &row->rec.mark;
	const struct store_dead d = {
	        .id = mark->id,
	        .source = f->conf->name,
	        .endpoint = f->conf->endpoint_name,
	        .file = tail_file_name(acct_file(f->acct)),
	        .start = mark->start,
	        .end = mark->end,
	        .kind = kind,
	        .reason = why,
	        .answer = SLICE_EMPTY,
	        /* A retry then takes record-fields, which the operator may have corrected. */
	        .header = row->headless && kind == DEAD_UNREADABLE ? SLICE_EMPTY
	                                                           : acct_header(f->acct),
	        .row = row->rec.raw,
	};
	tail_file_has_letters(acct_file(f->acct));
	int rc = commit_dead_letter(f->parts.commit, &d, f->now_ms);
	if (rc < 0)
		return rc;
	f->passed.dead++;
	amount_add(&f->counters->rejected, mark);
	pass_over(f, mark, row->proves);
	return 0;
}

/* If a stored boundary begins here, the next batch ends where it ends. */
static void find_bound(struct feed *f)
{
	if (ship_has_open(f->parts.ship, f->index) || f->bound > f->cursor)
		return;
	f->bound = boundaries_take(f->parts.boundaries, tail_file_id(acct_file(f->acct)),
	                           f->cursor);
}

/* Returns 1 if this completed a batch, 0 if not, or a negative errno. */
static int ship_row(struct feed *f, const struct acct_row *row)
{
	struct ship *ship = f->parts.ship;
	const struct record *rec = &row->rec;
	struct tail_file *file = acct_file(f->acct);
	const struct ship_tag tag = {tail_file_id(file), file};
	struct ship_item item = {.start = f->cursor,
	                         .mark = rec->mark,
	                         .logged_ms = f->logged_ms,
	                         .tally = f->passed};
	item.tally.rows++;
	find_bound(f);
	int rc = ship_add(ship, f->index, f->conf->endpoint, &tag, rec, &item, f->bound != 0,
	                  f->now_ms);
	if (rc == -E2BIG)
		return bury(f, row, DEAD_REFUSED, "its JSON is larger than batch-bytes");
	if (rc < 0)
		return rc;
	fault_point("after-add");
	tailer_hold(file);
	f->in_flight += item.tally.rows;
	amount_add(&f->counters->read, &rec->mark);
	counters_record(f->parts.counters, f->counters, rec);
	f->cursor = rec->mark.end;
	f->passed = (struct tally){0};
	if (f->bound != 0 && f->cursor >= f->bound) {
		f->bound = 0;
		rc = ship_seal(ship, f->index) || rc > 0;
	}
	return rc;
}

/* Applies the rules: their verdict is sent with the row, or withholds it. */
static int judge_row(struct feed *f, const struct acct_row *row)
{
	struct rules *rules = f->parts.rules;
	if (!rules)
		return ship_row(f, row);
	struct acct_row judged = *row;
	struct judge_text text;
	int rc = judge_record(rules, &judged.rec, &text);
	if (rc == JUDGE_WITHHELD) {
		f->passed.ignored++;
		pass_over(f, &row->rec.mark, true);
		rc = 0;
	} else if (rc == 0) {
		rc = ship_row(f, &judged);
	}
	if (rc >= 0 && !text.result.silent)
		rules_count(rules, &text.result);
	return rc;
}

static int take_record(struct feed *f, const struct acct_row *row)
{
	f->logged_ms = lag_read(f->lag, &row->rec);
	if (conf_source_ships(f->conf, row->rec.fields[0].text))
		return judge_row(f, row);
	skip(f, &row->rec);
	return 0;
}

/*
 * The columns change here.  The store keeps with a position the columns in force there, so
 * everything before must be committed first.  That is rare enough to wait for.
 */
static int change_columns(struct feed *f, const struct acct_row *row)
{
	int rc = close_batch(f, row->rec.mark.start);
	if (rc < 0)
		return rc;
	if (tail_file_committed(acct_file(f->acct)) >= f->cursor)
		return acct_take_columns(f->acct);
	f->barrier = true;
	acct_again(f->acct, row);
	return 0;
}

/* Nothing more to read for now. */
static int rest(struct feed *f)
{
	bool open = ship_has_open(f->parts.ship, f->index);
	/* The boundary is beyond the end: a host crash shortened the file.  Waiting is useless. */
	if (open && f->bound == 0)
		return 0;
	int rc = close_batch(f, acct_pos(f->acct));
	if (rc == 0 && !open)
		acct_leave(f->acct);
	return rc;
}

/* Without columns that can be trusted, the type is known nevertheless. */
static bool is_shipped(const struct feed *f, const struct acct_row *row)
{
	char type[8] = "";
	struct slice raw = row->rec.raw;
	size_t n = 0;
	for (size_t i = 0; i < raw.len && !strchr(",\r\n", raw.text[i]); i++) {
		if (raw.text[i] != '"' && n + 1 < sizeof(type))
			type[n++] = raw.text[i];
	}
	enum record_type known = record_type_of((struct slice){type, n});
	return known >= RECORD_OTHER || conf_source_ships(f->conf, type);
}

/* Makes a dead letter of a row that is not a record, unless its type is not shipped. */
static int reject(struct feed *f, const struct acct_row *row)
{
	if (!row->headless || is_shipped(f, row))
		return bury(f, row, DEAD_UNREADABLE, row->why);
	f->passed.skipped++;
	amount_add(&f->counters->skipped, &row->rec.mark);
	pass_over(f, &row->rec.mark, row->proves);
	return 0;
}

static void warn_headless(struct feed *f)
{
	if (!tail_file_headless(acct_file(f->acct)))
		return;
	log_warning("source \"%s\": \"%s\" does not begin with a header line: rows that fit %s are "
	            "read, others become dead letters (\"no header line\")",
	            f->conf->name, tail_file_name(acct_file(f->acct)),
	            acct_header(f->acct).len > 0 ? "the last header of this source"
	                                         : "record-fields");
}

/* Returns 1 if a batch is complete, 0 if not, or a negative errno: then the row comes again. */
static int take_row(struct feed *f, int result, const struct acct_row *row)
{
	int rc = 0;
	if (result != ACCT_COLUMNS && result != ACCT_PASSED && row->headless)
		warn_headless(f);
	switch (result) {
	case ACCT_RECORD:
		rc = take_record(f, row);
		break;
	case ACCT_UNREADABLE:
		rc = reject(f, row);
		break;
	case ACCT_COLUMNS:
		rc = change_columns(f, row);
		break;
	default:
		break;
	}
	if (rc < 0)
		acct_again(f->acct, row);
	return rc;
}

static bool may_read(struct feed *f)
{
	const struct tail_file *file = acct_file(f->acct);
	if (f->now_ms < f->stalled_ms || commit_full(f->parts.commit) ||
	    !ship_room(f->parts.ship, f->index, f->conf->endpoint))
		return false;
	if (f->barrier && tail_file_committed(file) < f->cursor)
		return false;
	f->barrier = false;
	/* Too many gaps: wait for the batch that all others have overtaken. */
	return !file || tail_file_gaps(file) < LEDGER_RANGES_MAX;
}

/* Passed-over rows stay with the batch they were stored with: else its start would move. */
static bool may_settle(struct feed *f)
{
	if (!acct_file(f->acct) || ship_has_open(f->parts.ship, f->index))
		return false;
	find_bound(f);
	return f->bound <= f->cursor;
}

bool feed_fill(struct feed *f, int64_t now_ms)
{
	struct tailer *tailer = f->parts.tailer;
	struct acct_row row;
	int rc = 0;
	f->now_ms = now_ms;
	for (unsigned n = 0; rc == 0 && n < LINES_AT_ONCE && may_read(f); n++) {
		rc = acct_next(f->acct, &row);
		if (rc == ACCT_NOTHING) {
			rc = rest(f);
			break;
		}
		if (rc == ACCT_LATER) { /* answers and events wait, too */
			rc = 0;
			break;
		}
		if (rc > 0)
			rc = take_row(f, rc, &row);
	}
	if (rc > 0) {
		tailer_turn(tailer, f->index);
		return true;
	}
	if (rc == 0 && may_settle(f))
		rc = settle(f, acct_pos(f->acct));
	if (rc < 0) { /* probably out of memory: try again a little later */
		f->stalled_ms = f->now_ms + STALL_MS;
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
	const struct tailer *tailer = f->parts.tailer;
	return feed_rows(f) == 0 && !tailer_ready(tailer, f->index) &&
	       !tailer_proving(tailer, f->index);
}
