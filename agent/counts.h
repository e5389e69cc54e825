/*
 * counts.h - what the running agent has counted: numbers that only grow from its start to its end.
 *
 * Lanes, tailer and ship are opened anew when the configuration is read again; what they had
 * counted is handed on here, by the names of sources and endpoints.  (What outlives the process is
 * in the store: struct tally.)  Rows that are read again after a reload count as read again.
 */
#ifndef AGENT_COUNTS_H
#define AGENT_COUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "agent/domains.h"
#include "agent/growth.h"
#include "base/err.h"
#include "csv/record.h"
#include "ship/meter.h"
#include "tailer/tailer.h"

struct conf;

/* PowerMTA's bounce categories; the last two: one that is none of them, and none at all. */
#define CATEGORIES 18
extern const char *const category_names[CATEGORIES];

#define RECORD_TYPES (RECORD_OTHER + 1)
extern const char *const record_type_names[RECORD_TYPES];

struct amount {
	uint64_t records, bytes; /* of rows, as they stand in the file */
};

struct source_counts {
	char *name;
	struct amount read, shipped, skipped, rejected;
	uint64_t by_type[RECORD_NOT_A_TYPE + 1]; /* handed to the endpoint */
	uint64_t by_category[CATEGORIES];        /* the bounces among them */
	uint64_t utf8_repaired;
	bool tailed;                /* begun is where the tailer that is open began */
	struct tail_counters begun; /* some of them outlive the process, these do not */
	struct tail_counters tail;  /* of tailers that were closed */
	struct growth growth;       /* of its files on disk */
};

struct endpoint_counts {
	char *name;
	struct ship_meter meter; /* of the ship that was closed */
};

struct counts {
	struct source_counts *sources;
	struct endpoint_counts *endpoints;
	size_t nsources, nendpoints;
	struct domains hard; /* bounces that say that there is no such mailbox */
};

/*
 * For the sources and endpoints of conf, in its order.  before (NULL for none) hands on what it has
 * counted under the same names, and stays the caller's to close.  0 or -ENOMEM.
 */
int counts_open(struct counts **ret, const struct conf *conf,
                const struct counts *before) MUST_CHECK;
struct counts *counts_close(struct counts *c);

void amount_add(struct amount *a, const struct mark *mark);

/* A record that is handed to its endpoint. */
void counts_record(struct counts *c, struct source_counts *s, const struct record *rec);

/* The source's tailer was opened, and will be closed. */
void counts_tail_open(struct source_counts *s, const struct tail_counters *now);
void counts_tail_close(struct source_counts *s, const struct tail_counters *now);
/* Since the agent's start, over all its tailers; now is of the one that is open. */
struct tail_counters counts_tail(const struct source_counts *s, const struct tail_counters *now);

#endif
