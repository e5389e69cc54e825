/*
 * From one source's lines to its endpoint's batches.
 *
 * Ranges tile a file.  An item answers for its row and for all that was passed over since the item
 * before; what is passed over with no row to carry it is settled by itself, as soon as no batch is
 * open (a settled range inside an open batch would tear it apart).
 *
 *          cursor            read_to   expect
 *     -------|-----------------|---------|----
 *     items    passed over       half-read
 *     so far   rows, headers     record
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "agent/agent.h"
#include "base/fault.h"
#include "rules/judge.h"

#define LINES_AT_ONCE 20000 /* then the loop turns: answers and events wait for us */
#define STALL_MS 200

int feed_open(struct feed *l, struct agent *a, unsigned index, struct err *err)
{
	const struct conf_source *conf = &a->conf->sources[index];
	const struct reader_conf reader = {
	        .record_max = a->conf->record_max,
	        .record_fields = &conf->record_fields,
	        .type_field = a->conf->endpoints[conf->endpoint].type_field,
	};
	*l = (struct feed){
	        .agent = a, .index = index, .conf = conf, .counts = &a->counts->sources[index]};
	if (reader_new(&l->reader, &reader) < 0)
		return err_set(err, -ENOMEM, "source \"%s\": out of memory", conf->name);
	int rc = lag_load(&l->times, a->store, conf->name);
	return rc < 0 ? err_set(err, rc, "read the store: %s", store_error(a->store)) : 0;
}

void feed_close(struct feed *l)
{
	l->reader = reader_free(l->reader);
}

/* All up to read_to needs no answer: nothing before it in this range is to be shipped. */
static int settle(struct feed *l)
{
	if (!l->file || l->read_to <= l->cursor)
		return 0;
	int rc = tailer_ack(l->agent->tailer, l->file, l->cursor, l->read_to, &l->last,
	                    l->last.end > l->cursor, &l->passed);
	if (rc < 0)
		return rc;
	l->cursor = l->read_to;
	l->passed = (struct tally){0};
	return 0;
}

/* Complete the open batch and settle what stands behind it. */
static int close_batch(struct feed *l)
{
	(void)ship_seal(l->agent->ship, l->index);
	l->bound = 0;
	return settle(l);
}

/* A half-read record is read again, from its first line on, when its file's turn comes. */
static void put_back(struct feed *l)
{
	uint64_t start;
	if (!l->file || !reader_pending(l->reader, &start))
		return;
	reader_drop(l->reader);
	tail_file_seek(l->file, start);
	l->expect = start;
}

static int leave(struct feed *l)
{
	if (!l->file)
		return 0;
	put_back(l);
	int rc = close_batch(l);
	if (rc < 0)
		return rc;
	tailer_release(l->agent->tailer, l->file, 1);
	l->file = NULL;
	return 0;
}

/* Go on in file, at offset from: the line there is at hand, and else would be missing. */
static int enter(struct feed *l, struct tail_file *file, uint64_t from)
{
	int rc = leave(l);
	if (rc == 0 && (l->reader_file != tail_file_id(file) || from != l->read_to))
		rc = reader_begin(l->reader, tail_file_header(file));
	if (rc < 0) {
		tail_file_seek(file, from);
		return rc;
	}
	l->reader_file = tail_file_id(file);
	l->file = file;
	tailer_hold(file);
	l->cursor = l->read_to = l->expect = from;
	l->passed = (struct tally){0};
	l->last = (struct mark){0};
	return 0;
}

static void pass_over(struct feed *l, const struct mark *mark, bool proves)
{
	l->passed.rows++;
	amount_add(&l->counts->read, mark);
	l->read_to = mark->end;
	if (proves)
		l->last = *mark;
}

static void skip(struct feed *l, const struct record *rec)
{
	l->passed.skipped++;
	amount_add(&l->counts->skipped, &rec->mark);
	pass_over(l, &rec->mark, true);
	if (rec->type != RECORD_OTHER || l->warned_type)
		return;
	l->warned_type = true;
	log_warning("source \"%s\": records of the unknown type \"%s\" in \"%s\" are skipped and "
	            "counted",
	            l->conf->name, rec->fields[0].text, tail_file_name(l->file));
}

/* A row that is no record becomes a dead letter; reading goes on behind its first line. */
static int bury(struct feed *l, const struct record *rec, const char *kind, const char *why,
                bool proves)
{
	const struct store_dead d = {
	        .id = rec->mark.id,
	        .source = l->conf->name,
	        .endpoint = l->conf->endpoint_name,
	        .file = tail_file_name(l->file),
	        .start = rec->mark.start,
	        .end = rec->mark.end,
	        .kind = kind,
	        .reason = why,
	        .answer = SLICE_EMPTY,
	        .header = reader_header(l->reader),
	        .row = rec->raw,
	};
	int rc = commit_dead_letter(l->agent, &d);
	if (rc < 0)
		return rc;
	l->passed.dead++;
	amount_add(&l->counts->rejected, &rec->mark);
	pass_over(l, &rec->mark, proves);
	return 0;
}

/* Start a batch under a boundary that was stored before, if there is one here. */
static void find_bound(struct feed *l)
{
	if (ship_has_open(l->agent->ship, l->index) || l->bound > l->cursor)
		return;
	l->bound = commit_bound(l->agent, tail_file_id(l->file), l->cursor);
}

/* 1 when that completed a batch, 0 when not, or a negative errno. */
static int ship_record(struct feed *l, const struct record *rec)
{
	struct agent *a = l->agent;
	const struct ship_tag tag = {tail_file_id(l->file), l->file};
	struct ship_item item = {.start = l->cursor, .mark = rec->mark, .tally = l->passed};
	item.tally.rows++;
	find_bound(l);
	int rc = ship_add(a->ship, l->index, l->conf->endpoint, &tag, rec, &item, l->bound != 0,
	                  a->now_ms);
	if (rc == -E2BIG)
		return bury(l, rec, "refused", "its JSON is larger than batch-bytes", true);
	if (rc < 0)
		return rc;
	fault_point("after-add");
	tailer_hold(l->file);
	l->in_flight += item.tally.rows;
	amount_add(&l->counts->read, &rec->mark);
	counters_record(a->counts, l->counts, rec);
	l->cursor = l->read_to = rec->mark.end;
	l->passed = (struct tally){0};
	if (l->bound != 0 && l->cursor >= l->bound) {
		l->bound = 0;
		rc = ship_seal(a->ship, l->index) || rc > 0;
	}
	return rc;
}

/* What the rules say of it goes with it, or keeps it here. */
static int judge_row(struct feed *l, const struct record *rec)
{
	struct rules *rules = l->agent->rules;
	if (!rules)
		return ship_record(l, rec);
	struct record judged = *rec;
	struct judge_text text;
	int rc = judge_record(rules, &judged, &text);
	if (rc == JUDGE_WITHHELD) {
		l->passed.ignored++;
		pass_over(l, &rec->mark, true);
		rc = 0;
	} else if (rc == 0) {
		rc = ship_record(l, &judged);
	}
	if (rc >= 0 && !text.result.silent)
		rules_count(rules, &text.result);
	return rc;
}

/* Other columns from here on.  What is stored with a position are the columns in force there, so
 * everything before must be committed first; that is rare enough to wait for. */
static int change_columns(struct feed *l, const struct record *rec)
{
	int rc = close_batch(l);
	if (rc < 0)
		return rc;
	if (tail_file_committed(l->file) >= l->cursor) {
		rc = tail_file_set_header(l->file, reader_header(l->reader));
		if (rc == 0)
			l->read_to = rec->mark.end;
		return rc;
	}
	l->barrier = true;
	tail_file_seek(l->file, rec->mark.start);
	l->expect = rec->mark.start;
	return reader_begin(l->reader, tail_file_header(l->file));
}

/* Whether the file has the reader's columns, too; else memory ran out when they changed. */
static bool columns_noted(const struct feed *l)
{
	struct slice known = tail_file_header(l->file), now = reader_header(l->reader);
	return known.len == now.len && memcmp(known.text, now.text, now.len) == 0;
}

/* What the reader made of a line.  1 when a batch is complete. */
static int take_result(struct feed *l, int result, const struct line *line,
                       const struct record *rec)
{
	uint64_t start;
	int rc = 0;
	switch (result) {
	case READ_MORE:
		if (reader_pending(l->reader, &start))
			tail_file_keep(l->file, start);
		return 0;
	case READ_HEADER:
		if (!columns_noted(l))
			return change_columns(l, rec);
		l->read_to = line->end;
		return 0;
	case READ_BLANK:
		l->read_to = line->end;
		return 0;
	case READ_COLUMNS:
		return change_columns(l, rec);
	case READ_RECORD:
		if (conf_source_ships(l->conf, rec->fields[0].text))
			rc = judge_row(l, rec);
		else
			skip(l, rec);
		if (rc >= 0)
			lag_read(&l->times, rec);
		return rc;
	default:
		rc = bury(l, rec, "unreadable", reader_why(l->reader), !line->cut);
		if (rc == 0 && rec->mark.end != line->end) {
			tail_file_seek(l->file, rec->mark.end);
			l->expect = rec->mark.end;
		}
		return rc;
	}
}

/* The next line of the lane's file does not follow on the last: a range in between was
 * acknowledged before the last end. */
static int jump(struct feed *l, uint64_t from)
{
	int rc = close_batch(l);
	if (rc < 0)
		return rc;
	reader_drop(l->reader);
	l->cursor = l->read_to = l->expect = from;
	l->last = (struct mark){0};
	return 0;
}

/* Out of memory, most likely: the row comes again, a little later. */
static void stall(struct feed *l)
{
	reader_drop(l->reader);
	if (l->file) {
		tail_file_seek(l->file, l->read_to);
		l->expect = l->read_to;
	}
	l->stalled_ms = l->agent->now_ms + STALL_MS;
}

static int take_line(struct feed *l, const struct line *line, struct tail_file *file)
{
	struct record rec;
	int rc = 0;
	if (file != l->file)
		rc = enter(l, file, line->from);
	else if (line->from != l->expect)
		rc = jump(l, line->from);
	if (rc < 0)
		return rc;
	rc = reader_feed(l->reader, line, &rec);
	if (rc < 0)
		return rc;
	l->expect = line->end;
	fault_point("after-read");
	return take_result(l, rc, line, &rec);
}

/* A finished file has ended: a record that is still open will never be closed. */
static int take_end(struct feed *l, const struct line *end, struct tail_file *file)
{
	struct record rec;
	int rc = file != l->file ? enter(l, file, end->from) : 0;
	if (rc < 0)
		return rc;
	int result = reader_finish(l->reader, end, &rec);
	if (result == READ_REJECT)
		return take_result(l, result, end, &rec);
	l->read_to = l->expect = end->end; /* NULs up to the end, say */
	return 0;
}

/* Nothing more for now. */
static int rest(struct feed *l)
{
	put_back(l);
	/* The boundary lies beyond the end: the file lost its own (host crash).  No use to wait. */
	if (l->file && l->bound != 0 && ship_has_open(l->agent->ship, l->index))
		return close_batch(l);
	if (!l->file || ship_has_open(l->agent->ship, l->index))
		return 0;
	return leave(l);
}

static bool may_read(struct feed *l)
{
	struct agent *a = l->agent;
	if (a->now_ms < l->stalled_ms || commit_full(a) || !ship_room(a->ship, l->conf->endpoint))
		return false;
	if (l->barrier && tail_file_committed(l->file) < l->cursor)
		return false;
	l->barrier = false;
	/* Too many gaps: wait for the batch that all the others have overtaken. */
	return !l->file || tail_file_gaps(l->file) < LEDGER_RANGES_MAX;
}

bool feed_fill(struct feed *l)
{
	struct agent *a = l->agent;
	struct tail_file *file;
	struct line line;
	int rc = 0;
	for (unsigned n = 0; n < LINES_AT_ONCE && may_read(l); n++) {
		rc = tailer_next(a->tailer, l->index, &line, &file);
		if (rc == TAIL_NOTHING) {
			rc = rest(l);
			break;
		}
		rc = rc == TAIL_LINE ? take_line(l, &line, file) : take_end(l, &line, file);
		if (rc > 0) {
			tailer_turn(a->tailer, l->index);
			return true;
		}
		if (rc < 0)
			break;
	}
	if (rc == 0 && !ship_has_open(a->ship, l->index))
		rc = settle(l);
	if (rc < 0) {
		stall(l);
		return false;
	}
	return tailer_ready(a->tailer, l->index) && may_read(l);
}
