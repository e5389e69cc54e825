/*
 * rig.h - what the tests of ship.h share: a small backend in a thread, libcurl's memory, and the
 * agent in small, with a clock of the test's own.
 *
 * Names are plain words, as if they stood in the test's own file: only tests see them.
 */
#ifndef UNIT_SHIP_RIG_H
#define UNIT_SHIP_RIG_H

#include "tests/unit/temp.h"

#include <pthread.h>

#include "ship/ship.h"

/* ---- the backend: scripted answers first, then by what the body says ---- */

#define REQUESTS_MAX 256

extern struct backend {
	int fd;
	pthread_t thread;
	char url[64];
	const char *script[16]; /* whole answers; NULL: done */
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

/* ---- libcurl's memory: so many allocations go well ---- */

#define MEMORY_ENOUGH SIZE_MAX
extern size_t left;

/* ---- the agent in small ---- */

extern struct ship *s;
extern struct ship_conf conf;
extern struct ship_hooks hooks;
extern int64_t now_ms;
extern char reports[4096]; /* "A0-10 ": accepted, partial or refused, and the bytes of the file */
extern char notes[8192];   /* a line each */
extern int64_t lifted;     /* the run that was, or -1 */

/* Before all tests; 0 when libcurl takes its memory from here. */
int rig_begin(void);
int setup(void **state);
int teardown(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* With the configuration as it is now. */
void open_ship(void);

/* A row of ten bytes at 10 * n, for a lane and the endpoint of the same number; lane 0. */
int add_to(unsigned lane, unsigned n, const char *value);
int add(unsigned n, const char *value);
void add_many(unsigned from, unsigned to);

void turn(void);
/* Until nothing is in flight; time stands still but for a millisecond a turn. */
void settle(void);
/* Until nothing is left to do, at most for a time; waiting costs no real time. */
void run_for(int64_t ms);
void run(void);
void seal_and_store(void);

struct ship_status status(void);

/* The reports since the last call are these. */
void expect(const char *want);

#endif
