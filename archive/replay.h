/*
 * replay.h - deliver archived files again: rows of files that nobody follows, through a ship of its
 * own, with the eventIds of the first time.
 *
 * Nothing of it is in the store: it belongs to the running agent, whose counters a replay does not
 * touch.
 */
#ifndef ARCHIVE_REPLAY_H
#define ARCHIVE_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/lease.h"
#include "archive/replay_files.h"
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
	struct ship *ship;
	int signal_fd;
	int64_t now_ms, stop_ms, saved_ms, started_ms;
	unsigned stops; /* signals to stop, so far */
	bool dirty;     /* there is progress to be written */

	struct share *shares; /* by endpoint */
	int64_t *ask_ms;      /* when to ask next; -1: not used */
	char waiting[400];    /* why nothing goes out, "" if something does */
	struct progress bar;
	struct log_limit save_limit, trouble_limit;

	struct replay_file *at; /* being read */
	uint64_t cursor;        /* the end of the last item */
	uint64_t bytes_before;  /* of the files read before */
	uint64_t bytes_total;
	uint64_t read_to;
	unsigned rows; /* since the last look at the clock */
	uint64_t delivered, refused, partial, before, passed, bad;
	size_t failed; /* files */
};

/* conf, job, files and kept are set; conf was loaded to send.  replay_close() in any case. */
int replay_open(struct replay *r, struct err *err) MUST_CHECK;
/* Until all is answered for, or a signal says stop. */
void replay_deliver(struct replay *r);
void replay_close(struct replay *r);

/* Shared by replay.c and replay_open.c. */
struct ship_hooks replay_hooks(struct replay *r);
void replay_ask(struct replay *r, size_t endpoint);
void replay_use_share(struct replay *r, size_t endpoint);
void replay_save(struct replay *r);

/*
 * A line on standard error, the bar out of its way; addresses masked, nothing that acts on a
 * terminal.
 */
void replay_say(struct replay *r, const char *fmt, ...) ERR_PRINTF(2, 3);

#endif
