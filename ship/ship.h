/*
 * ship.h - deliver records to the backend, as JSON.
 *
 * Records go in, acknowledgements come out.  This code does not know where records come from: it
 * carries a tag and never reads it.  A transport (transport.h) carries the records and reports
 * outcomes in its own words.  Single-threaded; blocks only in ship_wait().
 *
 * Promises
 *
 *  S1  At least once.  A record is reported done only when the backend has answered for it.
 *  S2  A batch holds records of one file only.  Done reports come in the order of the answers; the
 *      caller moves a file's offset over its contiguous prefix and remembers the ranges beyond a
 *      gap.
 *  S3  Bounded.  An endpoint has at most two times in_flight batches, one per lane and one more,
 *      the pieces of those that were split, and the same number of retries of dead letters in
 *      addition.  When ship_room() returns false, stop reading: the file on disk is the queue.
 *  S4  A retried batch is sent byte for byte as before.  Its idempotency key is a hash of its
 *      uncompressed body, so one key never carries two bodies.  It is first sent after
 *      ship_stored(), that is, once its boundary survives a crash.
 *  S5  A record is refused only by an answer that means "this content, never" (over HTTP: 400, 413
 *      and 422) to this record alone, from an endpoint that accepts others.  Everything else is
 *      retried for as long as the agent runs: answer.h.
 *  S6  Nothing is dropped silently.  ship_add() reports a record that is too large for any batch;
 *      the caller makes it a dead letter.
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
#include "record/fill.h"
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
	struct fill fill;
	unsigned refuse_limit; /* 0 = never hold */
	char *ca_file, *client_cert, *client_key, *proxy;
	bool allow_http;
	struct strlist reject_body;
	bool accept_html;
};

/* The file and source of a batch's records.  Carried, never read. */
struct ship_tag {
	int64_t file;
	void *owner;
};

/* One record and the bytes of its file that it stands for. */
struct ship_item {
	uint64_t start;     /* the end of the previous item; this item ends at mark.end */
	struct mark mark;   /* the row itself */
	int64_t logged_ms;  /* the time in the row, if known; carried, never read */
	struct tally tally; /* rows passed over since start, and this one; acked not counted */
	uint32_t body_start, body_len; /* set by ship: its object in the body */
};

enum ship_outcome {
	SHIP_ACCEPTED,
	SHIP_PARTIAL, /* accepted, though the backend reports that some events failed */
	SHIP_REFUSED  /* one record, refused for ever */
};

struct ship_done {
	enum ship_outcome outcome;
	size_t endpoint;
	unsigned lane;
	struct ship_tag tag;
	const struct ship_item *items;
	size_t n;
	const char *body; /* the items' objects are pieces of it */
	bool stored;      /* its boundary may be in the store, under its first item's start */
	int64_t dead;     /* number of the dead letter that this retried, or 0 */
	int status;       /* HTTP status or another protocol's code; 0 for none */
	const char *why;  /* one line */
	struct slice answer;
	int64_t run; /* number of the current run of refusals */

	/* Items that failed; all of them when the receiver names none.  See ship_failed(). */
	size_t nfailed;
	const size_t *failed_items; /* their indexes, ascending; NULL: all, if any */
};

/* Returns true if item i was or may have been refused, or failed: its row is a dead letter. */
bool ship_failed(const struct ship_done *done, size_t i);

/*
 * on_done is called once for every batch; the report is valid during the call only.  on_lifted: the
 * hold for refusals in a row is over; the caller retries the dead letters of that run once.
 * Neither may call a ship function that changes state.
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
	char last_error[256];  /* the last failure, and what to do about it; "" for none */
	int64_t next_probe_ms; /* monotonic; 0 when none is due */
	int64_t since_ms;      /* when the state began, monotonic */
	unsigned in_flight, limit;
	size_t batches, records; /* not yet done, including those in flight */
	struct ship_meter meter;
};

/* State that survives a restart; the caller stores it. */
struct ship_memory {
	bool ever_accepted;
	unsigned refused_in_a_row;
	int64_t run;
};

int ship_open(struct ship **ret, const struct ship_conf *confs, size_t n, size_t lanes,
              const struct ship_hooks *hooks, struct err *err) MUST_CHECK;

/* Drops everything, including unsent batches, without on_done.  Accepts and returns NULL. */
struct ship *ship_close(struct ship *s);

void ship_set_memory(struct ship *s, size_t endpoint, const struct ship_memory *m);
struct ship_memory ship_memory(const struct ship *s, size_t endpoint);

/* Continues counting from m, the counters under the previous configuration. */
void ship_set_meter(struct ship *s, size_t endpoint, const struct ship_meter *m);

/*
 * True if a record may be added to the lane for the endpoint now: always to an open batch, so that
 * batches go out full while rows wait.
 */
bool ship_room(const struct ship *s, unsigned lane, size_t endpoint);
/*
 * Returns true if a retry of a dead letter may be added.  It uses only room that records leave free
 * or, with owed, the same amount of room in addition.
 */
bool ship_room_again(const struct ship *s, size_t endpoint, bool owed);

/*
 * Encodes the record and appends it to the lane's open batch, which is sealed first if it is full
 * or of another file.  A lane serves one source and one endpoint.  bounded: the batch's end was
 * stored earlier; limits do not apply until ship_seal().  Returns 1 if this completed a batch, 0 if
 * not, -E2BIG if the record's object is larger than batch_bytes, or -ENOMEM.
 */
int ship_add(struct ship *s, unsigned lane, size_t endpoint, const struct ship_tag *tag,
             const struct record *rec, const struct ship_item *item, bool bounded,
             int64_t now_ms) MUST_CHECK;

/* Adds a retry of a dead letter: a single object.  Returns 0 or -ENOMEM. */
int ship_add_dead(struct ship *s, size_t endpoint, int64_t dead, struct slice object,
                  const struct ship_item *item, int64_t now_ms) MUST_CHECK;

/* Completes the lane's open batch now.  Returns true if there was one. */
bool ship_seal(struct ship *s, unsigned lane);
bool ship_has_open(const struct ship *s, unsigned lane);

/* Calls fn for each batch whose boundary is not stored yet; ship_stored() ends that. */
typedef int ship_boundary_fn(const struct ship_tag *tag, uint64_t start, uint64_t end, void *arg);
int ship_boundaries(const struct ship *s, ship_boundary_fn *fn, void *arg) MUST_CHECK;
bool ship_has_boundaries(const struct ship *s);
void ship_stored(struct ship *s);

/*
 * Completes the open batches that are older than batch-age, the oldest first, as many as can go out
 * now: one that has to wait may as well grow.  Returns true if there were any.
 */
bool ship_seal_old(struct ship *s, int64_t now_ms);

/* Receives answers and reports them.  Never blocks. */
int ship_step(struct ship *s, int64_t now_ms, struct err *err) MUST_CHECK;

/* Sends batches that are sealed, stored and due, while there are slots.  May receive answers. */
int ship_start(struct ship *s, int64_t now_ms, struct err *err) MUST_CHECK;

/*
 * Milliseconds until ship_start() has work by the clock; 0 when answers came in during its last
 * call; -1 when it waits for an answer.
 */
int64_t ship_timeout(const struct ship *s, int64_t now_ms);

/* Sleeps until a transfer moves, one of fds is ready (revents is set), or timeout_ms is over. */
int ship_wait(struct ship *s, struct pollfd *fds, size_t nfds, int timeout_ms) MUST_CHECK;

/* Records added and not yet reported done. */
size_t ship_pending(const struct ship *s);
size_t ship_in_flight(const struct ship *s);      /* requests in flight */
size_t ship_flying_records(const struct ship *s); /* records in those requests */

/* Starts no new requests; those in flight continue. */
void ship_drain(struct ship *s);

/* Starts and stops a pause.  A paused endpoint starts no request; those in flight continue. */
void ship_pause(struct ship *s, size_t endpoint, bool paused, int64_t now_ms);

/*
 * Another process sends to the same endpoint: from now on start at most slots requests at a time
 * (0: none; those in flight continue) and, with half, use only half of requests-per-minute for all
 * endpoints of the host.  slots = in_flight and half = false end the sharing.
 */
void ship_share(struct ship *s, size_t endpoint, unsigned slots, bool half);

void ship_status(const struct ship *s, size_t endpoint, struct ship_status *ret);

/* The most bytes that an endpoint's batches can take. */
uint64_t ship_worst_memory(const struct ship_conf *conf, size_t lanes);

#endif
