/*
 * replay_progress.h - how far a replay came, in a file of its own: STATE-DIR/replay/NAME, where
 * NAME is a hash of the job, so that the same command line goes on where it stopped.
 */
#ifndef ARCHIVE_REPLAY_PROGRESS_H
#define ARCHIVE_REPLAY_PROGRESS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "archive/replay_files.h"

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

/* Write it anew: a crash leaves the old one or the new one, whole. */
int replay_progress_save(const struct replay_progress *k, const struct replay_files *files,
                         struct err *err) MUST_CHECK;

/* It is done, or to be begun anew. */
void replay_progress_remove(const struct replay_progress *k);
void replay_progress_close(struct replay_progress *k);

#endif
