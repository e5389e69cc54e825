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
	char **args;                /* the files and patterns given */
	int nargs;
	bool undelivered; /* leave out what the store knows as delivered */
};

struct replay_file {
	char *path;
	const struct conf_source *source;
	unsigned lane;     /* the source's index */
	bool live;         /* in the folder of the live file: its last line may be half-written */
	uint64_t dev, ino; /* 0: not known */
	uint64_t bytes;    /* when uncompressed, as well as that is known without reading it */

	bool done, failed;
	bool read;        /* all its records were handed to the ship */
	bool left_out;    /* except its last line, which was half-written */
	struct mark kept; /* the last row an earlier run settled; its end is 0 for none */
	bool proved;      /* that row is still in its place */
	size_t pending;   /* records handed to the ship and not answered yet */
	struct ledger ledger;
	struct mark last; /* the last row of the settled part; its end is 0 for none */
};

struct replay_files {
	struct replay_file *v;
	size_t n, room;
};

/*
 * Lists the files that the job's arguments name, each once, the oldest first.  Returns 0, -ENOMEM,
 * or -ENOENT with a message if an argument names none.
 */
int replay_files(struct replay_files *ret, const struct conf *conf, const struct replay_job *job,
                 struct err *err) MUST_CHECK;
void replay_files_free(struct replay_files *files);

/* Returns the length of a path without ".gz": compression must not change a file's name. */
size_t replay_plain_len(const char *path);

/* Returns true for the half-written last line of a live file, whether a record or not. */
bool replay_half_written(const struct replay_file *f, const struct record *rec);

#endif
