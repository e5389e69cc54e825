/*
 * snapshot.h - a view of the running agent, for all who ask it; for agent/ only.
 */
#ifndef AGENT_SNAPSHOT_H
#define AGENT_SNAPSHOT_H

#include "status/view.h"

struct agent;

/* 0 or -ENOMEM; view_free() in either case.  Good until the loop turns. */
int snapshot_take(struct view *ret, const struct agent *a) MUST_CHECK;

#endif
