/*
 * pace.h - how many requests an endpoint has in flight, and how soon its host gets the next one.
 * Used in ship/ only.
 */
#ifndef SHIP_PACE_H
#define SHIP_PACE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The limit adapts as TCP's window does: one more after each fast answer, half after one that asks
 * for it.
 */
struct pace {
	unsigned flying;  /* requests in flight */
	unsigned limit;   /* the most of them; adapts below most */
	unsigned most;    /* in-flight of the configuration */
	unsigned ceiling; /* of limit, while another process uses the rest */
	int64_t best_ms;  /* the shortest answer time, slowly forgotten: defines "fast" */
};

/* requests-per-minute, shared by the endpoints of one host. */
struct rate {
	int64_t slot_ms; /* time of the host's next request */
	bool half;       /* another process uses the other half */
};

void pace_open(struct pace *p, unsigned most);
/* A request was answered as it should be. */
void pace_answered(struct pace *p, int64_t elapsed_ms);
void pace_halve(struct pace *p);
/* The most requests at a time; failing: only probes go out. */
unsigned pace_limit(const struct pace *p, bool failing);

/* A request of an endpoint with this limit goes out now: moves the host's slot. */
void rate_use(struct rate *r, unsigned per_minute, int64_t now_ms);

#endif
