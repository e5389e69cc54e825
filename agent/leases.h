/*
 * leases.h - how a replay, which is a process of its own, shares an endpoint with a running agent.
 *
 * The replay asks over the control socket and says how many requests it has under way:
 *
 *     POST /replay/share?endpoint=NAME&flying=N     or &flying=0&end=1: it needs no more
 *
 * The answer, behind the line of the exit status:
 *
 *     slots N       requests at a time, those under way included; 0: none, ask again
 *     half 0|1      keep to half of requests-per-minute
 *     ask MS        ask again after so many milliseconds
 *     why TEXT      with 0 slots: the endpoint takes nothing now, in words
 *
 * What is granted is a lease: until the replay asks again, or for SHARE_LEASE_MS, the agent sends
 * at most in-flight less the larger of what it granted and what is under way there.  So the two
 * never have more than in-flight requests at a time, nor more than requests-per-minute.
 */
#ifndef AGENT_LEASES_H
#define AGENT_LEASES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"

#define SHARE_LEASE_MS 10000

struct agent;
struct http_server_request;

/* The agent's side.  The answer is the caller's; NULL when out of memory. */
char *leases_reply(struct agent *a, const struct http_server_request *request);
/* Once a turn: hold to the leases, end those that were not renewed. */
void leases_apply(struct agent *a);
/* Milliseconds until a lease ends; -1 without one. */
int64_t leases_timeout(const struct agent *a);

/* The replay's side. */
struct share {
	bool agent;     /* one runs */
	bool unasked;   /* and cannot be asked: nothing may be sent */
	unsigned slots; /* in-flight, when no agent runs */
	bool half;
	int64_t ask_ms;
	char why[256]; /* nothing is taken now; "" otherwise */
};
/* Ask whether, and how much, may be sent.  Never fails: see agent and unasked. */
void lease_ask(struct share *ret, const struct conf *conf, size_t endpoint, unsigned flying,
               bool end);

#endif
