/*
 * replay.h - delivers archived files again: reads files that no agent follows, and sends their rows
 * through a ship of its own, with the same eventIds as the first time.
 *
 * A replay writes nothing to the store: that belongs to the running agent, whose counters a replay
 * must not change.
 */
#ifndef ARCHIVE_REPLAY_H
#define ARCHIVE_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/lease.h"
#include "archive/replay_files.h"
#include "archive/replay_known.h"
#include "archive/replay_progress.h"
#include "base/log.h"
#include "cli/progress.h"
#include "conf/conf.h"
#include "ship/ship.h"

struct replay {
	const struct conf *conf;
	struct rules *rules; /* NULL: none */
	const struct replay_job *job;
	struct replay_files files;
	struct replay_progress kept;
	struct replay_known known; /* asked for each row if the job has undelivered */
	struct ship *ship;
	int signal_fd;
	int64_t now_ms, stop_ms, saved_ms, started_ms;
	unsigned stops; /* number of signals to stop */
	bool dirty;     /* there is progress to write */

	struct share *shares; /* by endpoint */
	int64_t *ask_ms;      /* when to ask next; -1: not used */
	char waiting[400];    /* why nothing is sent, "" if something is */
	struct progress bar;
	struct log_limit save_limit, trouble_limit;

	struct replay_file *at; /* the file being read */
	uint64_t cursor;        /* end of the last item */
	uint64_t bytes_before;  /* of the files already read */
	uint64_t bytes_total;
	uint64_t read_to;
	unsigned rows; /* since the last turn of the loop */
	uint64_t delivered, refused, partial, before, passed, left_out, bad;
	size_t failed; /* files */
};

/* The caller has set conf (loaded to send), job, files, known and kept.  Call replay_close() in any
 * case.
 */
int replay_open(struct replay *r, struct err *err) MUST_CHECK;
/* Returns when all records are answered, or a signal has stopped the replay. */
void replay_deliver(struct replay *r);
void replay_close(struct replay *r);

/* Shared by replay.c and replay_open.c. */
struct ship_hooks replay_hooks(struct replay *r);
void replay_ask(struct replay *r, size_t endpoint);
void replay_use_share(struct replay *r, size_t endpoint);
void replay_save(struct replay *r);

/*
 * Prints a line on standard error, with the progress bar out of its way, addresses masked and
 * control characters removed.
 */
void replay_say(struct replay *r, const char *fmt, ...) ERR_PRINTF(2, 3);

#endif
