/*
 * impl.h - the running agent: the rooms it opened, and the owners of the work on them.  For
 * agent.c, open.c, reload.c, snapshot.c, routes.c, verbs.c and announce.c only.
 *
 *     wait      ship_wait()          transfers, inotify, signals, the listener
 *     receive   tailer_wake()        events;  ship_step(): answers
 *     fill      feed_fill()          lines to records to batches
 *     commit    commit_write()       one transaction: positions, boundaries, dead letters
 *     send      ship_start()         only batches that the commit has stored
 *
 * The order matters: a batch is sent only after its boundary is in the store, and its answer is
 * committed before anything new takes its slot.
 */
#ifndef AGENT_IMPL_H
#define AGENT_IMPL_H

#include "agent/agent.h"
#include "agent/announce.h"
#include "agent/boundaries.h"
#include "agent/commit.h"
#include "agent/control.h"
#include "agent/endpoint_memory.h"
#include "agent/feed.h"
#include "agent/leases.h"
#include "agent/left.h"
#include "agent/redrive.h"
#include "agent/reload.h"
#include "agent/samples.h"
#include "base/log.h"
#include "conf/conf.h"
#include "rules/rules.h"
#include "ship/ship.h"
#include "state/store.h"
#include "status/counters.h"
#include "status/lag.h"
#include "tailer/tailer.h"

struct agent {
	struct agent_options options;
	struct conf *conf;
	struct rules *rules; /* NULL: no rules */

	struct store *store;
	struct tailer *tailer;
	struct tail_source *tail_sources;
	struct ship *ship;
	struct control control;
	int signal_fd;

	struct counters *counters;
	struct lag *lags;   /* by source */
	struct feed *feeds; /* by source */
	unsigned next_feed; /* the feed that is first in the next turn */
	struct boundaries boundaries;
	struct endpoint_memory memory;
	struct commit commit;
	struct redrive redrive;
	struct leases leases;
	struct samples samples;
	struct announce announce;
	struct reload reload;
	struct left left;

	bool stopping;
	int64_t now_ms;  /* monotonic, read once a turn */
	int64_t stop_ms; /* when the drain began, for a stop or a reload */
	int64_t started_ms, started_real_ms;
	int64_t rested_ms; /* when memory was last returned */
	struct log_limit trouble_limit;
};

#endif
