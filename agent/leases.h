/*
 * leases.h - the agent's side of sharing an endpoint with a replay.  ship/lease.h defines the
 * protocol, and explains why the two together never exceed a limit.
 */
#ifndef AGENT_LEASES_H
#define AGENT_LEASES_H

#include "conf/conf.h"
#include "service/http_server.h"
#include "ship/ship.h"

#define LEASES_MAX 16

/* An endpoint that is shared with a replay. */
struct lease {
	char endpoint[80]; /* names have at most 64 characters */
	int64_t until_ms;
	unsigned theirs; /* requests at a time that belong to the replay */
};

struct leases {
	/* Borrowed; replaced at a reload. */
	const struct conf *conf;
	struct ship *ship;

	struct lease all[LEASES_MAX];
	size_t n;
};

/* Answers a replay's question.  The caller owns the result; NULL when out of memory. */
char *leases_reply(struct leases *l, const struct http_server_request *request, int64_t now_ms);

/* Called once a turn: applies the leases, and ends those that were not renewed. */
void leases_apply(struct leases *l, int64_t now_ms);

/* Returns the milliseconds until a lease ends; -1 without one. */
int64_t leases_timeout(const struct leases *l, int64_t now_ms);

#endif
