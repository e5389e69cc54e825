/*
 * ship.h - deliver records to the backend, as JSON.
 *
 * Records go in, acknowledgements come out.  Nothing here knows where records come from: a tag is
 * carried and never looked into.  What carries them is behind transport.h, and reports outcomes in
 * its words.  Single-threaded; blocks only in ship_wait().
 *
 * Promises
 *
 *  S1  At least once.  A record is reported done only when the backend has answered for it.
 *  S2  A batch holds records of one file only.  Done reports come as the answers come; the caller
 *      moves a file's offset over its contiguous prefix and remembers what lies beyond a gap.
 *  S3  Bounded.  At most two times in_flight batches, one a lane and one more exist for an
 *      endpoint, and pieces of those that were split; beside them as many other tries of dead
 * letters.  When ship_room() says no, stop reading: the file on disk is the queue. S4  A batch that
 * is tried again is sent byte for byte as before.  Its idempotency key is a hash of its
 * uncompressed body, so one key never carries two bodies.  It is first sent after ship_stored(),
 * that is, once its boundary survives a crash. S5  Only the answers that mean "this content, never"
 * refuse a record (over HTTP: 400, 413 and 422), to it alone, from an endpoint that accepts others.
 * All else is tried again for as long as the agent runs: answer.h. S6  Nothing is dropped in
 * silence.  Of a record too large for any batch ship_add() says so: it is the caller's to bury.
 *
 * Life of one batch
 *
 *    OPEN --full, old or sealed--> SEALED --stored, slot free--> FLYING --accepted--> done
 *                                                                 |  ^
 *                                       anything else, see S5     |  | its turn, or its time
 *                                                                 v  |
 *                                                               WAITING
 *
 *    Refused, and more than one record: FLYING --> two SEALED halves, each with its own key.
 *
 * Life of one endpoint
 *
 *    UNCONFIGURED (no url)
 *    OK --failure--> RETRYING --accepted--> OK     one probe at a time, backoff
 *    OK --held--> HELD --accepted--> OK            one probe every hold_interval: 401, 404, ...
 *    PAUSED: by the operator
 */
#ifndef SHIP_SHIP_H
#define SHIP_SHIP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "record/mark.h"
#include "record/tally.h"
#include "ship/meter.h"

struct record;
struct ship;

enum ship_format { SHIP_ARRAY, SHIP_OBJECT, SHIP_NDJSON };

/* One endpoint, as configured.  Strings are borrowed and never NULL: "" means not set. */
struct ship_conf {
	char *name;
	char *url; /* "" = not configured yet */
	enum ship_format format;
	char *signature_file, *token_file;
	struct strlist headers; /* "Name: value" */
	size_t batch_records, batch_bytes;
	uint64_t batch_age_ms;
	unsigned in_flight;           /* a ceiling; the limit in force adapts below it */
	unsigned requests_per_minute; /* 0 = no limit; shared by endpoints of one host */
	uint64_t connect_timeout_ms, timeout_ms;
	uint64_t retry_min_ms, retry_max_ms, hold_interval_ms;
	bool gzip;
	char *type_field;
	bool fill_addresses;
	unsigned refuse_limit; /* 0 = never hold */
	char *ca_file, *client_cert, *client_key, *proxy;
	bool allow_http;
	struct strlist reject_body;
	bool accept_html;
};

/* Whose records a batch holds.  Carried, never looked into. */
struct ship_tag {
	int64_t file;
	void *owner;
};

/* One record and the bytes of its file that it answers for. */
struct ship_item {
	uint64_t start;     /* the end of the item before; mark.end ends it */
	struct mark mark;   /* the row itself */
	int64_t logged_ms;  /* the time in the row, if it is known; carried, never looked into */
	struct tally tally; /* rows passed over since start, and this one; acked not counted */
	uint32_t body_start, body_len; /* set by ship: its object in the body */
};

enum ship_outcome {
	SHIP_ACCEPTED,
	SHIP_PARTIAL, /* accepted, though the backend said that some events in it failed */
	SHIP_REFUSED  /* one record, never to be taken */
};

struct ship_done {
	enum ship_outcome outcome;
	size_t endpoint;
	unsigned lane;
	struct ship_tag tag;
	const struct ship_item *items;
	size_t n;
	const char *body; /* items' objects are pieces of it */
	bool stored;      /* its boundary may be in the store, under its first item's start */
	int64_t dead;     /* number of the dead letter this was another try of, or 0 */
	int status;       /* HTTP, or what else the receiver calls by number; 0 for none */
	const char *why;  /* one line */
	struct slice answer;
	int64_t run; /* of refusals in a row */

	/* Items that failed: all of them when nobody says which.  See ship_failed(). */
	size_t nfailed;
	const size_t *failed_items; /* which, ascending; NULL: all, if any */
};

/* Whether item i was refused, or failed, or may have: its row becomes a dead letter. */
bool ship_failed(const struct ship_done *done, size_t i);

/*
 * on_done is told once for every batch; the report is valid during the call only.  on_lifted: the
 * hold for refusals in a row is over; the dead letters of that run are to be tried once more.
 * Neither may call ship functions that change it.
 */
struct ship_hooks {
	void (*on_done)(const struct ship_done *done, void *arg);
	void (*on_lifted)(size_t endpoint, int64_t run, void *arg);
	void (*on_note)(bool problem, const char *text, void *arg); /* a line for the log */
	void *arg;
	bool dry_run; /* send nothing: every batch counts as accepted */
};

enum ship_state { SHIP_UNCONFIGURED, SHIP_OK, SHIP_RETRYING, SHIP_HELD, SHIP_PAUSED };
const char *ship_state_name(enum ship_state state);

struct ship_status {
	enum ship_state state;
	char last_error[256];  /* of the last failure, with what to do; "" for none */
	int64_t next_probe_ms; /* monotonic; 0 when none is due */
	int64_t since_ms;      /* of the state, monotonic */
	unsigned in_flight, limit;
	size_t batches, records; /* not yet done, those in flight included */
	struct ship_meter meter;
};

/* What survives a restart; the caller keeps it. */
struct ship_memory {
	bool ever_accepted;
	unsigned refused_in_a_row;
	int64_t run;
};

int ship_open(struct ship **ret, const struct ship_conf *confs, size_t n, size_t lanes,
              const struct ship_hooks *hooks, struct err *err) MUST_CHECK;

/* Drop everything, unsent batches too (on_done is not told).  Accepts and returns NULL. */
struct ship *ship_close(struct ship *s);

void ship_set_memory(struct ship *s, size_t endpoint, const struct ship_memory *m);
struct ship_memory ship_memory(const struct ship *s, size_t endpoint);

/* Go on counting from here: what was counted under the configuration before. */
void ship_set_meter(struct ship *s, size_t endpoint, const struct ship_meter *m);

/*
 * True if a record may be added to the lane for the endpoint now: always to an open batch, so that
 * batches go out full while rows wait.
 */
bool ship_room(const struct ship *s, unsigned lane, size_t endpoint);
/*
 * Whether another try of a dead letter may be: only in what records leave, or (owed) beside them in
 * as much again.
 */
bool ship_room_again(const struct ship *s, size_t endpoint, bool owed);

/*
 * Encode the record and append it to the lane's open batch, which is sealed first if it is full or
 * of another file.  A lane serves one source and one endpoint.  bounded: the batch's end was stored
 * before; limits do not count until ship_seal().  1 when that completed a batch, 0 when not,
 * -E2BIG when the record's object is larger than batch_bytes, -ENOMEM.
 */
int ship_add(struct ship *s, unsigned lane, size_t endpoint, const struct ship_tag *tag,
             const struct record *rec, const struct ship_item *item, bool bounded,
             int64_t now_ms) MUST_CHECK;

/* Another try of a dead letter: an object by itself.  0 or -ENOMEM. */
int ship_add_dead(struct ship *s, size_t endpoint, int64_t dead, struct slice object,
                  const struct ship_item *item, int64_t now_ms) MUST_CHECK;

/* Complete the lane's open batch now; whether there was one. */
bool ship_seal(struct ship *s, unsigned lane);
bool ship_has_open(const struct ship *s, unsigned lane);

/* Batches whose boundary is to be stored: fn is called for each, until ship_stored(). */
typedef int ship_boundary_fn(const struct ship_tag *tag, uint64_t start, uint64_t end, void *arg);
int ship_boundaries(const struct ship *s, ship_boundary_fn *fn, void *arg) MUST_CHECK;
bool ship_has_boundaries(const struct ship *s);
void ship_stored(struct ship *s);

/*
 * Complete the open batches that are older than batch-age, the oldest first, as many as can go out
 * now: one that has to wait may as well grow.  Returns true if there were any.
 */
bool ship_seal_old(struct ship *s, int64_t now_ms);

/* Take in answers and report.  Never blocks. */
int ship_step(struct ship *s, int64_t now_ms, struct err *err) MUST_CHECK;

/* Start what is sealed and stored, due, and has a slot; answers may come in.  Never blocks. */
int ship_start(struct ship *s, int64_t now_ms, struct err *err) MUST_CHECK;

/*
 * Milliseconds until ship_start() has work by the clock, 0 when answers came in during the last
 * one; -1 when only an answer can tell.
 */
int64_t ship_timeout(const struct ship *s, int64_t now_ms);

/* Sleep until a transfer moves, one of fds is ready (revents is set), or timeout_ms is over. */
int ship_wait(struct ship *s, struct pollfd *fds, size_t nfds, int timeout_ms) MUST_CHECK;

/* Records added and not yet reported done. */
size_t ship_pending(const struct ship *s);
size_t ship_in_flight(const struct ship *s);      /* requests */
size_t ship_flying_records(const struct ship *s); /* the records in them */

/* No new requests but what is under way. */
void ship_drain(struct ship *s);

/* Start nothing for the endpoint until told otherwise.  What is in flight is finished. */
void ship_pause(struct ship *s, size_t endpoint, bool paused, int64_t now_ms);

/*
 * Another process sends to the same endpoint: from now on at most slots requests at a time (0: none
 * but what is under way), and, half, only half of requests-per-minute for all endpoints of its
 * host.  in_flight slots and false take it back.
 */
void ship_share(struct ship *s, size_t endpoint, unsigned slots, bool half);

void ship_status(const struct ship *s, size_t endpoint, struct ship_status *ret);

/* The most bytes an endpoint's batches take. */
uint64_t ship_worst_memory(const struct ship_conf *conf, size_t lanes);

#endif
