/*
 * rig.h - the agent's owners joined as agent/open.c joins them, with a store, a tailer and a ship,
 * for the tests of feed.h, commit.h, redrive.h, boundaries.h and endpoint_memory.h.
 *
 * PowerMTA writes b.csv in the folder of temp.h.  Nothing is sent: what ship would send becomes a
 * report, which waits until the test answers it, in any order and in any way.  Lines of files have
 * ten bytes each, so that line n begins at 10 * n.
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

/* A batch that was sent, or another try of a dead letter; its texts are its own. */
struct report {
	struct ship_done done;
	struct ship_item *items;
	char *body;
};

struct fixture {
	/* What a test may change before start(). */
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

	struct report *reports; /* not answered yet, in the order they were sent */
	size_t nreports, reports_room;
	char warnings[4096]; /* of dead letters that cannot be sent */
};
extern struct fixture fx;

/* So many calls of realloc() and reallocarray() go well; SIZE_MAX: all of them. */
extern size_t memory_left;

/* Each test has a folder and a fixture of its own; nothing is open yet. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int setup(void **state);
int teardown(void **state);

/* ---- the agent ---- */

/* Everything is opened. */
void start(void);
/* The agent is killed: what is not in the store is lost. */
void stop(void);
/* The agent is killed and starts again. */
void restart(void);
/* What a reload does to what depends on the configuration; the tailer stays. */
void reload(void);

/* Events are taken in. */
void wake(void);
/* Rows are read until there is no more, or no room; as often as the loop would. */
void fill(void);
/* The open batch is complete by its age. */
void grow_old(void);
/* The commit, which must go well. */
void commit(void);
/* What may go out becomes a report. */
void send_out(void);
/* wake() to send_out(), without an answer. */
void turn(void);

/* The report at i is answered, and gone. */
void answer(size_t i, enum ship_outcome outcome);
/* All of them are, as accepted, in order. */
void answer_all(void);
/* Until nothing is left to do: turns, and all that was sent is accepted. */
void run(void);

/* ---- files ---- */

/*
 * Lines are appended to a file, ten bytes each, a letter a line: H and h headers (with other
 * columns), b a row that is shipped, d and x rows of types that are not (x: nobody knows it),
 * ? a row that is no record, Q a row that goes on in a second line (twenty bytes in all).
 */
void grow_file(const char *name, const char *letters);
void grow(const char *letters); /* LIVE */

/* ---- dead letters ---- */

/* One of the endpoint's, with a start and an eventId by its number. */
struct store_dead letter(unsigned n);
/* It is in the store. */
void put_letter(const struct store_dead *d);
/* So many are, refused in that run; 0: in none. */
void put_letters(unsigned from, unsigned to, int64_t run_);
/* The reports are tries of dead letters with these numbers: "1 2 ". */
void expect_tries(const char *want);

/* ---- what came of it, as text; good until four more are asked for ---- */

/* The reports: "0-20+20-30 30-40 ", items joined by +, batches apart. */
const char *sent(void);
/* Boundaries in the store: "0-30 ". */
const char *stored(void);
/* Dead letters in the store: "1 refused 20-30 why|", in the order of their numbers. */
const char *letters(void);
/* The position of the one file in the store, or of the file named so; -1 when it is not there. */
int64_t committed(void);
int64_t committed_in(const char *name);

/* A number of the endpoint's, in the store. */
int64_t kept(const char *name);
/* The last line in the log that is a warning or an error contains this. */
void expect_logged(const char *part);

#endif
