/*
 * rig_share.h - an endpoint whose requests are under way until the test answers them, and the
 * questions of a replay that shares it; for the tests of leases.h.
 *
 * Requests are real ones, to a socket of ours.  What a replay asks stands where libmicrohttpd would
 * have it.
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

/* So many requests are to be sent. */
void add(unsigned n);
/* What may be sent is. */
void begin(void);
/* The one that began first is answered. */
void end_one(void);
/* Requests under way. */
unsigned flying(void);
/* Until the endpoint lets as many fly as it may: that adapts to how fast answers come. */
void warm_up(void);

/* What a replay gets when it says that so many are under way there. */
struct granted {
	unsigned slots;
	int64_t ask_ms;
	char why[128];
};
struct granted ask(unsigned flying_there);
struct granted ask_of(const char *endpoint, unsigned flying_there);
/* The whole answer to a question; NULL: that is not in it. */
void expect_reply(const char *endpoint, const char *flying_there, const char *end,
                  const char *want);

#endif
