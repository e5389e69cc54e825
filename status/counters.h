/*
 * counters.h - what the running agent has counted: numbers that only grow from its start to its
 * end.
 *
 * Lanes, tailer and ship are opened anew when the configuration is read again; what they had
 * counted is handed on here, by the names of sources and endpoints.  (What outlives the process is
 * in the store: struct tally.)  Rows that are read again after a reload count as read again.
 */
#ifndef STATUS_COUNTERS_H
#define STATUS_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "record/record.h"
#include "ship/meter.h"
#include "status/disk_growth.h"
#include "status/domains.h"
#include "tailer/tailer.h"

struct conf;

/* PowerMTA's bounce categories; the last two: one that is none of them, and none at all. */
#define CATEGORIES 18
extern const char *const category_names[CATEGORIES];

struct amount {
	uint64_t records, bytes; /* of rows, as they stand in the file */
};

struct source_counters {
	char *name;
	struct amount read, shipped, skipped, rejected;
	uint64_t by_type[RECORD_NOT_A_TYPE + 1]; /* handed to the endpoint */
	uint64_t by_category[CATEGORIES];        /* the bounces among them */
	uint64_t utf8_repaired;
	bool tailed;                /* begun is where the tailer that is open began */
	struct tail_counters begun; /* some of them outlive the process, these do not */
	struct tail_counters tail;  /* of tailers that were closed */
	struct disk_growth growth;  /* of its files on disk */
};

struct endpoint_counters {
	char *name;
	struct ship_meter meter; /* of the ship that was closed */
};

struct counters {
	struct source_counters *sources;
	struct endpoint_counters *endpoints;
	size_t nsources, nendpoints;
	struct domains hard; /* bounces that say that there is no such mailbox */
};

/*
 * For the sources and endpoints of conf, in its order.  before (NULL for none) hands on what it has
 * counted under the same names, and stays the caller's to close.  0 or -ENOMEM.
 */
int counters_open(struct counters **ret, const struct conf *conf,
                  const struct counters *before) MUST_CHECK;
struct counters *counters_close(struct counters *c);

void amount_add(struct amount *a, const struct mark *mark);

/* A record that is handed to its endpoint. */
void counters_record(struct counters *c, struct source_counters *s, const struct record *rec);

/* The source's tailer was opened, and will be closed. */
void counters_tail_open(struct source_counters *s, const struct tail_counters *now);
void counters_tail_close(struct source_counters *s, const struct tail_counters *now);
/* Since the agent's start, over all its tailers; now is of the one that is open. */
struct tail_counters counters_tail(const struct source_counters *s,
                                   const struct tail_counters *now);

#endif
