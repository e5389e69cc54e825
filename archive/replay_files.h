/*
 * replay_files.h - the files of a replay, in the order in which PowerMTA wrote them.
 */
#ifndef ARCHIVE_REPLAY_FILES_H
#define ARCHIVE_REPLAY_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "record/record.h"
#include "state/ledger.h"

/* The command line. */
struct replay_job {
	const char *conf_path;
	int64_t since_ms, until_ms; /* INT64_MIN, INT64_MAX: open */
	char **args;                /* files and patterns, as given */
	int nargs;
};

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

struct replay_files {
	struct replay_file *v;
	size_t n, room;
};

/*
 * The files that the job's arguments stand for, each once, the oldest first.  Returns 0, -ENOMEM,
 * or -ENOENT with words when an argument stands for none.
 */
int replay_files(struct replay_files *ret, const struct conf *conf, const struct replay_job *job,
                 struct err *err) MUST_CHECK;
void replay_files_free(struct replay_files *files);

/* The length of a path without ".gz": a file that is being compressed has both names. */
size_t replay_plain_len(const char *path);

/* True for the half-written last line of a live file, be it a record or not. */
bool replay_half_written(const struct replay_file *f, const struct record *rec);

#endif
