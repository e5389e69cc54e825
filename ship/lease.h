/*
 * lease.h - how a replay, which is a separate process, shares an endpoint with a running agent.
 *
 * The replay asks over the control socket and reports how many requests it has in flight:
 *
 *     POST /replay/share?endpoint=NAME&flying=N     or &flying=0&end=1: it has finished
 *
 * The answer, after the line with the exit status:
 *
 *     slots N       requests at a time, including those in flight; 0: none, ask again
 *     half 0|1      1: use only half of requests-per-minute
 *     ask MS        ask again after this many milliseconds
 *     why TEXT      with 0 slots: why the endpoint takes nothing now
 *
 * A grant is a lease: until the replay asks again, or for SHARE_LEASE_MS, the agent sends at most
 * in-flight minus the larger of the grant and the replay's requests in flight.
 *
 * Why the limit always holds: at each question the agent has A requests in flight and the replay F,
 * with A + F <= in-flight.  The agent grants G <= in-flight - A, and from then on starts nothing
 * beyond in-flight - max(F, G); the replay starts nothing beyond G.  The agent's requests above its
 * share end, and the next question finds the room.
 */
#ifndef SHIP_LEASE_H
#define SHIP_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#define SHARE_LEASE_MS 10000
#define SHARE_ASK_MS 1000 /* interval at which a lease is renewed */

/* The replay's share of an endpoint. */
struct share {
	bool agent;     /* an agent runs */
	bool unasked;   /* an agent runs but cannot be asked: nothing may be sent */
	unsigned slots; /* in-flight, when no agent runs */
	bool half;
	int64_t ask_ms;
	char why[320]; /* why nothing is taken now; "" otherwise */
};

/* Returns the agent's answer, with its first line.  The caller owns it.  NULL: out of memory. */
char *share_text(const struct share *s);
/* Reads the lines after the first.  A field without a line keeps its value. */
void share_read(struct share *ret, const char *text);

#endif
