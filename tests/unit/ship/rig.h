/*
 * rig.h - shared by the tests of ship.h: a small backend in a thread, libcurl's memory, and a small
 * agent with a simulated clock.
 *
 * Names are plain words, as if they were in the test's own file: only tests see them.
 */
#ifndef UNIT_SHIP_RIG_H
#define UNIT_SHIP_RIG_H

#include "tests/unit/temp.h"

#include <pthread.h>

#include "ship/ship.h"

/* ---- the backend: scripted answers first, then answers that depend on the body ---- */

#define REQUESTS_MAX 256

extern struct backend {
	int fd;
	pthread_t thread;
	char url[64];
	const char *script[16]; /* whole answers; NULL: end */
	size_t at;
	struct {
		char *text; /* the whole request */
		const char *body;
	} got[REQUESTS_MAX];
	size_t n;
} backend;

#define ANSWER(status, headers, body)                                                              \
	"HTTP/1.1 " status " x\r\nConnection: close\r\n" headers "\r\n" body
#define OK ANSWER("200", "", "OK")

/* ---- libcurl's memory: the number of allocations that succeed ---- */

#define MEMORY_ENOUGH SIZE_MAX
extern size_t left;

/* ---- a small agent ---- */

extern struct ship *s;
extern struct ship_conf conf;
extern struct ship_hooks hooks;
extern int64_t now_ms;
extern char reports[4096]; /* "A0-10 ": accepted, partial or refused, and the bytes of the file */
extern char notes[8192];   /* one in each line */
extern int64_t lifted;     /* the run that was lifted, or -1 */

/* To be called before all tests.  Returns 0 if libcurl takes its memory from here. */
int rig_begin(void);
int setup(void **state);
int teardown(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Opens ship with the current configuration. */
void open_ship(void);

/* Adds a row of ten bytes at 10 * n, to a lane and the endpoint of the same number; lane 0. */
int add_to(unsigned lane, unsigned n, const char *value);
int add(unsigned n, const char *value);
void add_many(unsigned from, unsigned to);

void turn(void);
/* Turns until nothing is in flight; the clock advances only one millisecond for each turn. */
void settle(void);
/* Turns until nothing is left to do, at most for ms; waiting costs no real time. */
void run_for(int64_t ms);
void run(void);
void seal_and_store(void);

struct ship_status status(void);

/* Expects these reports since the last call. */
void expect(const char *want);

#endif
