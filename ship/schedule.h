/*
 * schedule.h - which batch of an endpoint is sent, and when.  Used in ship/ only.
 */
#ifndef SHIP_SCHEDULE_H
#define SHIP_SCHEDULE_H

#include "ship/endpoint.h"

/* Starts the batches that may go out now.  One that there is no memory for waits a little. */
void schedule_start(struct endpoint *e, bool draining, int64_t now_ms);

/*
 * When the next request may go out, now_ms at the earliest; INT64_MAX when it waits for an answer
 * or an operator.
 */
int64_t schedule_slot_ms(const struct endpoint *e, int64_t now_ms);

/* True if one batch more than those that are complete could go out now. */
bool schedule_wants(const struct endpoint *e, int64_t now_ms);

/* Milliseconds until schedule_start() has work by the clock; -1 when it waits for an answer. */
int64_t schedule_timeout(const struct endpoint *e, int64_t now_ms);

#endif
