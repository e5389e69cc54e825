/*
 * rig.h - the agent's parts, connected as in agent/open.c, with a store, a tailer and a ship, for
 * the tests of feed.h, commit.h, redrive.h, boundaries.h and endpoint_memory.h.
 *
 * PowerMTA writes b.csv in the folder of temp.h.  Nothing is sent: each request that ship would
 * send becomes a report, which waits until the test answers it, in any order and with any outcome.
 * Lines of files are ten bytes long, so that line n begins at offset 10 * n.
 */
#ifndef UNIT_AGENT_RIG_H
#define UNIT_AGENT_RIG_H

#include "tests/unit/temp.h"

#include "agent/boundaries.h"
#include "agent/commit.h"
#include "agent/endpoint_memory.h"
#include "agent/feed.h"
#include "agent/redrive.h"
#include "base/log.h"
#include "status/counters.h"
#include "status/lag.h"

#define AGE_MS 1000 /* batch-age */
#define LIVE "b.csv"

/* A batch that was sent, or a retry of a dead letter.  It owns its texts. */
struct report {
	struct ship_done done;
	struct ship_item *items;
	char *body;
};

struct fixture {
	/* A test may change these before start(). */
	struct conf conf;
	struct conf_source source;
	struct ship_conf endpoint;
	struct rules *rules; /* closed by teardown() */

	struct store *store;
	struct tail_source tail_source;
	struct tailer *tailer;
	struct ship *ship;
	struct counters *counters;
	struct lag lag;
	struct boundaries boundaries;
	struct endpoint_memory memory;
	struct commit commit;
	struct redrive redrive;
	struct feed feed;
	int64_t now_ms;

	struct report *reports; /* not yet answered, in the order of sending */
	size_t nreports, reports_room;
	char warnings[4096]; /* about dead letters that cannot be sent */
};
extern struct fixture fx;

/* The number of calls of realloc() and reallocarray() that succeed; SIZE_MAX: all of them. */
extern size_t memory_left;

/* Each test has its own folder and fixture.  Nothing is open at first. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int setup(void **state);
int teardown(void **state);

/* ---- the agent ---- */

/* Opens everything. */
void start(void);
/* Kills the agent: everything that is not in the store is lost. */
void stop(void);
/* Kills the agent and starts it again. */
void restart(void);
/* Reopens the parts that depend on the configuration, as a reload does; the tailer stays. */
void reload(void);

/* Handles the file events. */
void wake(void);
/* Reads rows until there are no more, or there is no room, as the main loop does. */
void fill(void);
/* The open batch reaches batch-age and is complete. */
void grow_old(void);
/* Commits; this must succeed. */
void commit(void);
/* Each batch that may be sent becomes a report. */
void send_out(void);
/* One turn from wake() to send_out(), without answers. */
void turn(void);

/* Answers the report at i and removes it. */
void answer(size_t i, enum ship_outcome outcome);
/* Answers all reports as accepted, in order. */
void answer_all(void);
/* Repeats turns, accepting everything that is sent, until nothing is left to do. */
void run(void);

/* ---- files ---- */

/*
 * Appends lines of ten bytes to a file, one for each letter: H and h are headers (with different
 * columns), b is a row that is shipped, d and x are rows of types that are not shipped (x is an
 * unknown type), ? is a row that is no record, Q is a row over two lines (twenty bytes in all).
 */
void grow_file(const char *name, const char *letters);
void grow(const char *letters); /* LIVE */

/* ---- dead letters ---- */

/* A dead letter of the endpoint, with a start and an eventId that follow from n. */
struct store_dead letter(unsigned n);
/* Puts it into the store. */
void put_letter(const struct store_dead *d);
/* Puts letters from to to - 1 into the store, refused in that run; 0: in no run. */
void put_letters(unsigned from, unsigned to, int64_t run_);
/* Expects the reports to be retries of the dead letters with these numbers: "1 2 ". */
void expect_tries(const char *want);

/* ---- the results as text, valid until four more are asked for ---- */

/* The reports: "0-20+20-30 30-40 ", items joined by +, batches separated by blanks. */
const char *sent(void);
/* The boundaries in the store: "0-30 ". */
const char *stored(void);
/* The dead letters in the store: "1 refused 20-30 why|", in the order of their numbers. */
const char *letters(void);
/* The position of the only file in the store, or of the file of that name; -1 if there is none. */
int64_t committed(void);
int64_t committed_in(const char *name);

/* A number that the store keeps about the endpoint. */
int64_t kept(const char *name);
/* Expects this in the last warning or error of the log. */
void expect_logged(const char *part);

#endif
