/*
 * leases.h - the agent's half of sharing an endpoint with a replay: ship/lease.h has the words, and
 * why the two never exceed a limit.
 */
#ifndef AGENT_LEASES_H
#define AGENT_LEASES_H

#include "conf/conf.h"
#include "service/http_server.h"
#include "ship/ship.h"

#define LEASES_MAX 16

/* An endpoint that is shared with a replay. */
struct lease {
	char endpoint[80]; /* names have at most 64 */
	int64_t until_ms;
	unsigned theirs; /* requests at a time that are not ours */
};

struct leases {
	/* Borrowed; others after a reload. */
	const struct conf *conf;
	struct ship *ship;

	struct lease all[LEASES_MAX];
	size_t n;
};

/* What a replay asked.  The answer is the caller's; NULL when out of memory. */
char *leases_reply(struct leases *l, const struct http_server_request *request, int64_t now_ms);

/* Once a turn: hold to the leases, end those that were not renewed. */
void leases_apply(struct leases *l, int64_t now_ms);

/* Milliseconds until a lease ends; -1 without one. */
int64_t leases_timeout(const struct leases *l, int64_t now_ms);

#endif
