#include "agent/descriptors.h"

#include <inttypes.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/units.h"
#include "tailer/tailer.h"

#define OWN 32       /* store, lock, log, inotify, signals, and libraries */
#define CLIENTS 34   /* of the listeners: http_server.h */
#define PER_SLOT 4   /* two batches with a file each, a connection, and its successor */
#define PER_SOURCE 2 /* the file being read, and the newest one */

uint64_t descriptors_reserved(const struct conf *conf)
{
	uint64_t n = OWN + CLIENTS + PER_SOURCE * (uint64_t)conf->nsources;
	for (size_t i = 0; i < conf->nendpoints; i++)
		n += PER_SLOT * (uint64_t)conf->endpoints[i].in_flight;
	return n;
}

size_t descriptors_ahead(const struct conf *conf, uint64_t limit)
{
	uint64_t reserved = descriptors_reserved(conf);
	uint64_t each = limit > reserved && conf->nsources > 0 ? (limit - reserved) / conf->nsources
	                                                       : 0;
	if (each < 1)
		return 1;
	return each < TAIL_AHEAD ? (size_t)each : TAIL_AHEAD;
}

size_t descriptors_ahead_here(const struct conf *conf)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return TAIL_AHEAD;
	size_t ahead = descriptors_ahead(conf, limit.rlim_cur);
	if (ahead < TAIL_AHEAD)
		log_warning("the limit of open files is %" PRIu64 ": each source keeps %zu file%s "
		            "open ahead instead of %d, the others wait closed and are lost if they "
		            "are deleted unread; raise LimitNOFILE to %" PRIu64,
		            (uint64_t)limit.rlim_cur, ahead, units_s(ahead), TAIL_AHEAD,
		            descriptors_reserved(conf) + TAIL_AHEAD * (uint64_t)conf->nsources);
	return ahead;
}
