/*
 * The replay itself.  catalog_rows() calls a hook for each row; when there is no room for the row,
 * the hook runs the event loop until an answer frees some.  So the memory is that of the batches,
 * whatever the size of the files.
 */
#include "archive/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mask.h"
#include "base/units.h"
#include "base/utf8.h"
#include "csv/catalog.h"
#include "rules/judge.h"

#define ROWS_AT_ONCE 256 /* then signals, answers and the bar are handled */
#define SAVE_EVERY_MS 1000
#define BAD_REPORTED 20 /* rows that are no records, reported one by one */
#define PAUSE_MS 200

void replay_say(struct replay *r, const char *fmt, ...)
{
	char text[1024], masked[3 * sizeof(text) + 4], clean[4 * sizeof(text)];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	size_t len = mask_addresses(text, strlen(text), masked);
	utf8_printable(masked, len, clean, sizeof(clean));
	progress_clear(&r->bar);
	(void)fprintf(stderr, "replay: %s\n", clean);
}

/* ---- answers ---- */

static void on_note(bool problem, const char *text, void *arg)
{
	(void)problem;
	replay_say(arg, "%s", text);
}

static void refused(struct replay *r, const struct replay_file *f, const struct mark *mark,
                    const char *why)
{
	char id[HASH_HEX_SIZE];
	hash_hex(&mark->id, id);
	r->refused++;
	r->kept.refused++;
	replay_say(r, "refused: %s:%" PRIu64 " (eventId %s): %s", f->path, mark->start, id, why);
}

static void settle(struct replay *r, struct replay_file *f, uint64_t start, const struct mark *last)
{
	const struct ledger_range range = {start, last->end, *last};
	/* Out of memory: if this run is interrupted, these rows are sent again. */
	if (ledger_ack(&f->ledger, &range, &f->last) < 0)
		return;
	r->dirty = true;
}

static void on_done(const struct ship_done *done, void *arg)
{
	struct replay *r = arg;
	struct replay_file *f = done->tag.owner;
	f->pending -= done->n;
	if (done->outcome == SHIP_REFUSED) {
		refused(r, f, &done->items[0].mark, done->why);
	} else {
		r->delivered += done->n;
		r->kept.delivered += done->n;
		r->partial += done->outcome == SHIP_PARTIAL ? done->nfailed : 0;
	}
	settle(r, f, done->items[0].start, &done->items[done->n - 1].mark);
}

static void on_lifted(size_t endpoint, int64_t run, void *arg)
{
	struct replay *r = arg;
	(void)run;
	replay_say(r,
	           "endpoint \"%s\" accepts records again: records that it refused before may be "
	           "valid; they are listed above and are not retried",
	           r->conf->endpoints[endpoint].name);
}

struct ship_hooks replay_hooks(struct replay *r)
{
	return (struct ship_hooks){on_done, on_lifted, on_note, r, false};
}

/* ---- sharing ---- */

void replay_use_share(struct replay *r, size_t i)
{
	const struct share *s = &r->shares[i];
	char why[sizeof(r->waiting)] = "";
	ship_share(r->ship, i, s->slots, s->half);
	if (s->slots == 0 && s->why[0])
		(void)snprintf(why, sizeof(why), "endpoint %s: %s%.200s",
		               r->conf->endpoints[i].name,
		               s->unasked ? "an agent runs but does not answer: " : "", s->why);
	if (why[0] && strcmp(why, r->waiting) != 0)
		replay_say(r, "waiting, nothing is lost: %s", why);
	(void)snprintf(r->waiting, sizeof(r->waiting), "%s", why);
}

void replay_ask(struct replay *r, size_t i)
{
	struct ship_status s;
	ship_status(r->ship, i, &s);
	lease_ask(&r->shares[i], r->conf, i, s.in_flight, false);
	r->now_ms = clock_mono_ms();
	r->ask_ms[i] = r->now_ms + r->shares[i].ask_ms;
}

static void ask_due(struct replay *r)
{
	for (size_t i = 0; i < r->conf->nendpoints; i++) {
		if (r->ask_ms[i] < 0 || r->now_ms < r->ask_ms[i])
			continue;
		replay_ask(r, i);
		replay_use_share(r, i);
	}
}

/* ---- the loop ---- */

/* The reason why nothing is sent for now, in a word or two; "" if something is. */
static const char *waiting(const struct replay *r)
{
	for (size_t i = 0; i < r->conf->nendpoints && !r->waiting[0]; i++) {
		struct ship_status s;
		ship_status(r->ship, i, &s);
		if (r->ask_ms[i] >= 0 && s.state != SHIP_OK)
			return ship_state_name(s.state);
	}
	return r->waiting;
}

static struct progress_state progress_state(const struct replay *r)
{
	return (struct progress_state){
	        .bytes = r->bytes_before + r->read_to,
	        .bytes_total = r->bytes_total,
	        .records = r->kept.delivered,
	        .verb = "delivered",
	        .waiting = waiting(r),
	};
}

static void begin_bar(struct replay *r)
{
	const struct progress_state s = progress_state(r);
	progress_begin(&r->bar, &s, r->now_ms);
}

static void show(struct replay *r)
{
	const struct progress_state s = progress_state(r);
	progress_show(&r->bar, &s, r->now_ms);
}

void replay_save(struct replay *r)
{
	struct err err = {0};
	unsigned long left_out;
	r->saved_ms = r->now_ms;
	if (replay_progress_save(&r->kept, &r->files, &err) == 0)
		r->dirty = false;
	else if (log_allowed(&r->save_limit, r->now_ms, 60000, &left_out))
		replay_say(
		        r,
		        "%s; the replay continues, but if it is interrupted, records sent now are "
		        "sent again",
		        err.text);
}

static void take_signals(struct replay *r)
{
	struct signalfd_siginfo info;
	while (read(r->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (r->stops++ > 0)
			continue;
		r->stop_ms = r->now_ms;
		ship_drain(r->ship);
		if (ship_in_flight(r->ship) > 0)
			replay_say(r, "stopping: finishing what is in flight (%zu request%s)",
			           ship_in_flight(r->ship), units_s(ship_in_flight(r->ship)));
	}
}

static int64_t timeout(const struct replay *r)
{
	int64_t t = progress_timeout(&r->bar, r->now_ms);
	t = clock_sooner(t, ship_timeout(r->ship, r->now_ms));
	if (r->dirty)
		t = clock_sooner(t, SAVE_EVERY_MS);
	if (r->stops > 0)
		t = clock_sooner(t, r->stop_ms + (int64_t)r->conf->drain_ms - r->now_ms);
	for (size_t i = 0; i < r->conf->nendpoints; i++) {
		if (r->ask_ms[i] >= 0)
			t = clock_sooner(t,
			                 r->ask_ms[i] > r->now_ms ? r->ask_ms[i] - r->now_ms : 0);
	}
	return t > 0 ? t : 0;
}

/* Most likely out of memory or descriptors: wait a moment. */
static void trouble(struct replay *r, const struct err *err)
{
	unsigned long left_out;
	if (log_allowed(&r->trouble_limit, r->now_ms, 60000, &left_out))
		replay_say(r, "%s; retrying in a moment", err->text);
	(void)poll(NULL, 0, PAUSE_MS);
}

static void turn(struct replay *r, bool wait)
{
	struct err err = {0};
	struct pollfd fd = {r->signal_fd, POLLIN, 0};
	int rc = ship_wait(r->ship, &fd, 1, wait ? (int)timeout(r) : 0);
	if (rc < 0)
		(void)err_set(&err, rc, "wait for events: %s", strerror(-rc));
	r->now_ms = clock_mono_ms();
	r->rows = 0;
	take_signals(r);
	/* Before any request is started: the share that was granted may have ended. */
	ask_due(r);
	if (rc == 0)
		rc = ship_step(r->ship, r->now_ms, &err);
	(void)ship_seal_old(r->ship, r->now_ms);
	ship_stored(r->ship); /* nothing is stored: a replay never rebuilds a batch */
	if (rc == 0)
		rc = ship_start(r->ship, r->now_ms, &err);
	if (rc < 0)
		trouble(r, &err);
	if (r->dirty && r->now_ms - r->saved_ms >= SAVE_EVERY_MS)
		replay_save(r);
	show(r);
}

/* ---- rows ---- */

/* The row that an earlier run settled last must still be in its place. */
static int prove(struct replay *r, const struct record *rec)
{
	struct replay_file *f = r->at;
	if (f->proved || f->kept.end == 0)
		return 0;
	if (rec->mark.end == f->kept.end)
		f->proved = hash_equal(&rec->mark.id, &f->kept.id);
	else if (rec->mark.end < f->kept.end)
		return 0;
	return f->proved ? 0 : -ESTALE;
}

static int hand_over(struct replay *r, const struct record *rec)
{
	struct replay_file *f = r->at;
	const struct ship_tag tag = {f - r->files.v + 1, f};
	const struct ship_item item = {.start = r->cursor, .mark = rec->mark};
	int rc = -ENOMEM;
	if (r->delivered + r->refused == 0 && ship_pending(r->ship) == 0)
		begin_bar(r); /* the rows passed over so far needed no request */
	while (rc == -ENOMEM) {
		while (r->stops == 0 && !ship_room(r->ship, f->lane, f->source->endpoint))
			turn(r, true);
		if (r->stops > 0)
			return 1;
		rc = ship_add(r->ship, f->lane, f->source->endpoint, &tag, rec, &item, false,
		              r->now_ms);
		if (rc == -ENOMEM)
			trouble(r, &(struct err){.text = "out of memory"});
	}
	if (rc == -E2BIG) {
		refused(r, f, &rec->mark, "its JSON is larger than batch-bytes");
		settle(r, f, r->cursor, &rec->mark);
	} else if (rc < 0) {
		return rc;
	} else {
		f->pending++;
	}
	r->cursor = rec->mark.end;
	return 0;
}

static bool leave_out(struct replay *r, const struct record *rec)
{
	if (!replay_half_written(r->at, rec))
		return false;
	replay_say(r, "%s: its last line is not complete yet, so it is left out", r->at->path);
	r->at->left_out = true;
	return true;
}

/* Returns 1 if the store knows the row as delivered, 0 if not, or a negative errno. */
static int was_delivered(struct replay *r, const struct record *rec)
{
	enum fate fate;
	int rc = replay_known_row(&r->known, rec, false, &fate);
	return rc < 0 ? rc : replay_known_delivered(fate);
}

static int on_record(const struct record *rec, void *arg)
{
	struct replay *r = arg;
	struct replay_file *f = r->at;
	if (++r->rows >= ROWS_AT_ONCE)
		turn(r, false);
	if (r->stops > 0)
		return 1;
	r->read_to = rec->mark.end;
	int rc = prove(r, rec);
	if (rc < 0)
		return rc;
	if (!catalog_wanted(f->source, rec, r->job->since_ms, r->job->until_ms)) {
		r->passed++;
		return 0;
	}
	if (ledger_covers(&f->ledger, rec->mark.end)) {
		r->before++;
		r->cursor = rec->mark.end;
		return 0;
	}
	if (leave_out(r, rec))
		return 1;
	struct record judged = *rec;
	struct judge_text text;
	while ((rc = judge_record(r->rules, &judged, &text)) == -ENOMEM && r->stops == 0)
		trouble(r, &(struct err){.text = "out of memory"});
	if (rc == JUDGE_WITHHELD) {
		r->passed++;
		return 0;
	}
	if (rc < 0) /* a signal came */
		return 1;
	if (r->job->undelivered)
		rc = was_delivered(r, rec);
	if (rc == 1) {
		r->left_out++;
		return 0;
	}
	return rc < 0 ? rc : hand_over(r, &judged);
}

static int on_reject(const struct record *rec, const char *why, void *arg)
{
	struct replay *r = arg;
	if (++r->rows >= ROWS_AT_ONCE)
		turn(r, false);
	if (leave_out(r, rec))
		return 1;
	r->bad++;
	if (r->bad <= BAD_REPORTED)
		replay_say(r, "not a record: %s:%" PRIu64 ": %s%s", r->at->path, rec->mark.start,
		           why, r->bad == BAD_REPORTED ? " (further ones are only counted)" : "");
	return r->stops > 0;
}

static void read_file(struct replay *r, struct replay_file *f)
{
	const struct rows_hooks hooks = {.record = on_record, .reject = on_reject, .arg = r};
	r->at = f;
	r->cursor = r->read_to = 0;
	int rc = r->job->undelivered ? replay_known_file(&r->known, f) : 0;
	if (rc == 0)
		rc = catalog_rows(r->conf, f->source, f->path, &hooks);
	if (rc == 0 && r->stops == 0 && f->kept.end > 0 && !f->proved)
		rc = -ESTALE;
	(void)ship_seal(r->ship, f->lane);
	if (rc < 0) {
		f->failed = true;
		r->failed++;
		replay_say(r, "%s: %s%s", f->path,
		           rc == -ESTALE ? "its content has changed since the replay began"
		                         : rows_error(rc),
		           rc == -EACCES && geteuid() != 0
		                   ? " (it is read as the user of the service)"
		                   : "");
	}
	f->read = rc == 0 && r->stops == 0;
	r->bytes_before += f->bytes;
	r->read_to = 0;
}

/* Marks the files whose records were all answered. */
static void look_if_done(struct replay *r)
{
	for (size_t i = 0; i < r->files.n; i++) {
		struct replay_file *f = &r->files.v[i];
		if (f->done || !f->read || f->pending > 0)
			continue;
		f->done = r->dirty = true;
		if (!f->left_out)
			ledger_free(&f->ledger);
	}
}

void replay_deliver(struct replay *r)
{
	for (size_t i = 0; i < r->files.n && r->stops == 0; i++) {
		struct replay_file *f = &r->files.v[i];
		if (f->done) {
			r->bytes_before += f->bytes;
			continue;
		}
		read_file(r, f);
		look_if_done(r);
		turn(r, false);
	}
	while (r->stops == 0 && ship_pending(r->ship) > 0)
		turn(r, true);
	/* A second signal ends the waiting. */
	while (r->stops == 1 && ship_in_flight(r->ship) > 0 &&
	       r->now_ms - r->stop_ms < (int64_t)r->conf->drain_ms)
		turn(r, true);
	look_if_done(r);
}
