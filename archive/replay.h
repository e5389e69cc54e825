/*
 * replay.h - deliver archived files again: rows of files that nobody follows, through a ship of its
 * own, with the eventIds of the first time.
 *
 * Nothing of it is in the store: it belongs to the running agent, whose counters a replay does not
 * touch.  How far a replay came is kept in a file of its own, STATE-DIR/replay/NAME, where NAME is
 * a hash of what was asked for: the same command line goes on where it stopped.
 */
#ifndef ARCHIVE_REPLAY_H
#define ARCHIVE_REPLAY_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "archive/lease.h"
#include "base/log.h"
#include "cli/progress.h"
#include "conf/conf.h"
#include "csv/rows.h"
#include "ship/ship.h"
#include "state/ledger.h"

/* What the command line asks for. */
struct replay_job {
	const char *conf_path;
	int64_t since_ms, until_ms; /* INT64_MIN, INT64_MAX: open */
	char **args;                /* files and patterns, as given */
	int nargs;
};

/* One file of a replay. */
struct replay_file {
	char *path;
	const struct conf_source *source;
	unsigned lane;  /* the source's index */
	bool live;      /* in the folder of the live file: its last line may be half-written */
	uint64_t bytes; /* uncompressed, as far as that can be told without reading it */

	bool done, failed;
	bool read;        /* all that it has was handed over */
	bool left_out;    /* but for its last line, which was half-written */
	struct mark kept; /* the row that an earlier run came to; its end is 0 for none */
	bool proved;      /* and it stands there */
	size_t pending;   /* records handed over and not answered for */
	struct ledger ledger;
	struct mark last; /* the row that ends what is settled; its end is 0 for none */
};

/* replay_files.c */
struct replay_files {
	struct replay_file *v;
	size_t n, room;
};
/*
 * The files that the arguments stand for, each once, the oldest first.  Returns 0, -ENOMEM, or
 * -ENOENT with words when an argument stands for none.
 */
int replay_files(struct replay_files *ret, const struct conf *conf, char **args, int n,
                 struct err *err) MUST_CHECK;
/* The length of a path without ".gz": a file that is being compressed has both names. */
size_t replay_plain_len(const char *path);
void replay_files_free(struct replay_files *files);
/* Whether a row or what is none is a live file's half-written last line. */
bool replay_half_written(const struct replay_file *f, const struct record *rec);

/* replay_progress.c: how far it came */
struct replay_progress {
	char path[PATH_MAX];
	int lock;
	uint64_t delivered, refused; /* of this replay, all runs together */
};
/*
 * Open the place where the progress of that job is kept, and, unless anew, take what is there over
 * into files.  *ret_goes_on: there was something.  -EBUSY when another replay runs.
 */
int replay_progress_open(struct replay_progress *ret, const struct conf *conf,
                         const struct replay_job *job, bool anew, struct replay_files *files,
                         bool *ret_goes_on, struct err *err) MUST_CHECK;
int replay_progress_save(const struct replay_progress *k, const struct replay_files *files,
                         struct err *err) MUST_CHECK;
/* It is done, or to be begun anew. */
void replay_progress_remove(const struct replay_progress *k);
void replay_progress_close(struct replay_progress *k);

/* replay_count.c: --dry-run.  Returns the exit status. */
int replay_count(const struct conf *conf, const struct replay_job *job,
                 const struct replay_files *files);

/* replay.c, and replay_open.c */
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

/* What replay_open.c needs of replay.c. */
struct ship_hooks replay_hooks(struct replay *r);
void replay_ask(struct replay *r, size_t endpoint);
void replay_use_share(struct replay *r, size_t endpoint);
void replay_save(struct replay *r);

/* A line on standard error, the bar out of its way; addresses masked, nothing that acts on a
 * terminal. */
void replay_say(struct replay *r, const char *fmt, ...) ERR_PRINTF(2, 3);

#endif
