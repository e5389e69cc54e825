/*
 * rig_share.h - an endpoint whose requests stay in flight until the test answers them, and the
 * questions of a replay that shares it; for the tests of leases.h.
 *
 * Requests are real ones, to a socket of the test.  The parameters of a replay's question are
 * returned by a replacement of libmicrohttpd's function.
 */
#ifndef UNIT_AGENT_RIG_SHARE_H
#define UNIT_AGENT_RIG_SHARE_H

#include "tests/unit/temp.h"

#include "agent/leases.h"
#include "ship/lease.h"

#define ENDPOINTS 20

struct sharing {
	struct conf conf; /* one endpoint, "octeth", with in-flight 4; for share_open() */
	struct ship_conf endpoints[ENDPOINTS];
	struct ship *ship;
	struct leases leases;
	int64_t now_ms;
	int listener;
	char url[64];
};
extern struct sharing sh;

#define SHARE_TEST(name) cmocka_unit_test_setup_teardown(name, share_setup, share_teardown)
int share_setup(void **state);
int share_teardown(void **state);

void share_open(void);
void share_close(void);

/* Adds n requests that are to be sent. */
void add(unsigned n);
/* Sends the requests that may be sent. */
void begin(void);
/* Answers the oldest request. */
void end_one(void);
/* The number of requests in flight. */
unsigned flying(void);
/* Answers requests until the endpoint's adaptive limit has grown to in-flight. */
void warm_up(void);

/* The answer to a replay that reports flying_there requests in flight. */
struct granted {
	unsigned slots;
	int64_t ask_ms;
	char why[128];
};
struct granted ask(unsigned flying_there);
struct granted ask_of(const char *endpoint, unsigned flying_there);
/* Expects this answer to a question; a parameter that is NULL is left out of it. */
void expect_reply(const char *endpoint, const char *flying_there, const char *end,
                  const char *want);

#endif
