/*
 * left.h - files that the configuration in force leaves behind with rows undelivered.
 */
#ifndef AGENT_LEFT_H
#define AGENT_LEFT_H

#include "conf/conf.h"
#include "csv/uncovered.h"
#include "state/store.h"

struct left {
	size_t files; /* with rows left, in places that no source has */
	uint64_t bytes;
	char text[UNCOVERED_SIZE]; /* about the first place; "" for none */
	int64_t look_at_ms;        /* of clock_mono_ms(); left_look() does nothing before */
};

/*
 * Looks before the sources of conf are opened, and logs what would be lost, or sent for the first
 * time.  A place of before in which nothing is left is forgotten.
 */
void left_announce(struct left *l, const struct conf *conf, struct store *store, int64_t now_ms);

/*
 * Looks again, for somebody who asks: nobody follows these places, so files in them grow, come and
 * go without an event.  Returns false if the answer is that of an earlier look: the last one took
 * long, and looks may take a twentieth of the time; or this one failed.
 */
bool left_look(struct left *l, const struct conf *conf, struct store *store, int64_t now_ms);

#endif
