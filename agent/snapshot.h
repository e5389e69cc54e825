/*
 * snapshot.h - a view of the running agent, for all its readers.  Used in agent/ only.
 */
#ifndef AGENT_SNAPSHOT_H
#define AGENT_SNAPSHOT_H

#include "status/view.h"

struct agent;

/* Returns 0 or -ENOMEM; call view_free() in either case.  Valid until the loop turns. */
int snapshot_take(struct view *ret, const struct agent *a) MUST_CHECK;

#endif
