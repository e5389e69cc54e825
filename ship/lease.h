/*
 * lease.h - how a replay, which is a process of its own, shares an endpoint with a running agent.
 *
 * The replay asks over the control socket and says how many requests it has under way:
 *
 *     POST /replay/share?endpoint=NAME&flying=N     or &flying=0&end=1: it needs no more
 *
 * The answer, after the line of the exit status:
 *
 *     slots N       requests at a time, those under way included; 0: none, ask again
 *     half 0|1      keep to half of requests-per-minute
 *     ask MS        ask again after so many milliseconds
 *     why TEXT      with 0 slots: the endpoint takes nothing now, in words
 *
 * A grant is a lease: until the replay asks again, or for SHARE_LEASE_MS, the agent sends at most
 * in-flight less the larger of what it granted and what is under way there.
 *
 * Why nothing is ever exceeded: at each question A requests of the agent and F of the replay are
 * under way, A + F <= in-flight.  The agent grants G <= in-flight - A, and starts nothing beyond
 * in-flight - max(F, G) from then on; the replay starts nothing beyond G.  What the agent still has
 * above its part ends, and the next question finds the room.
 */
#ifndef SHIP_LEASE_H
#define SHIP_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#define SHARE_LEASE_MS 10000
#define SHARE_ASK_MS 1000 /* a lease is renewed that often */

/* What the replay may do. */
struct share {
	bool agent;     /* one runs */
	bool unasked;   /* and cannot be asked: nothing may be sent */
	unsigned slots; /* in-flight, when no agent runs */
	bool half;
	int64_t ask_ms;
	char why[320]; /* nothing is taken now; "" otherwise */
};

/* An answer of the agent, its first line too.  The caller's; NULL when out of memory. */
char *share_text(const struct share *s);
/* Read what follows the first line.  What no line is about stays as it was. */
void share_read(struct share *ret, const char *text);

#endif
