/*
 * counters.h - counters of the running agent: they only grow, from its start to its end.
 *
 * A reload of the configuration opens new lanes, a new tailer and a new ship; their counts are
 * carried over here, by the names of sources and endpoints.  (Counts that outlive the process are
 * in the store: struct tally.)  A row that is read again after a reload counts as read again.
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

/* PowerMTA's bounce categories; the last two are "other" (unknown) and "none" (empty). */
#define CATEGORIES 18
extern const char *const category_names[CATEGORIES];

struct amount {
	uint64_t records, bytes; /* bytes of the rows as they are in the file */
};

struct source_counters {
	char *name;
	struct amount read, shipped, skipped, rejected;
	uint64_t by_type[RECORD_NOT_A_TYPE + 1]; /* handed to the endpoint */
	uint64_t by_category[CATEGORIES];        /* the bounces among them */
	uint64_t utf8_repaired;
	bool tailed;                /* a tailer is open, and begun is valid */
	struct tail_counters begun; /* at its opening: some of its counts outlive the process */
	struct tail_counters tail;  /* of the tailers closed so far, since the agent's start */
	struct disk_growth growth;  /* of its files on disk */
};

struct endpoint_counters {
	char *name;
	struct ship_meter meter; /* of the last closed ship */
};

struct counters {
	struct source_counters *sources;
	struct endpoint_counters *endpoints;
	size_t nsources, nendpoints;
	struct domains hard; /* bounces whose category says that the mailbox does not exist */
};

/*
 * Opens counters for the sources and endpoints of conf, in its order.  They start with the counts
 * of before (NULL for none) under the same names; the caller still closes before.  Returns 0 or
 * -ENOMEM.
 */
int counters_open(struct counters **ret, const struct conf *conf,
                  const struct counters *before) MUST_CHECK;
struct counters *counters_close(struct counters *c);

void amount_add(struct amount *a, const struct mark *mark);

/* Counts a record that is handed to its endpoint. */
void counters_record(struct counters *c, struct source_counters *s, const struct record *rec);

/* Call after the source's tailer is opened, and before it is closed. */
void counters_tail_open(struct source_counters *s, const struct tail_counters *now);
void counters_tail_close(struct source_counters *s, const struct tail_counters *now);
/* Returns the sum over all tailers since the agent's start; now is of the open one. */
struct tail_counters counters_tail(const struct source_counters *s,
                                   const struct tail_counters *now);

#endif
