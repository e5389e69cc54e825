/*
 * replay_progress.h - the progress of a replay, in the file STATE-DIR/replay/NAME.  NAME is a hash
 * of the job, so that the same command line continues where it stopped.
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
	uint64_t delivered, refused; /* by all runs of this replay */
};

/*
 * Opens the progress file of the job and, unless anew, loads it into files.  *ret_goes_on is true
 * if there was progress.  Returns 0 or a negative errno; -EBUSY if another replay runs.
 */
int replay_progress_open(struct replay_progress *ret, const struct conf *conf,
                         const struct replay_job *job, bool anew, struct replay_files *files,
                         bool *ret_goes_on, struct err *err) MUST_CHECK;

/* Replaces the file: after a crash, the old or the new one is there, complete. */
int replay_progress_save(const struct replay_progress *k, const struct replay_files *files,
                         struct err *err) MUST_CHECK;

/* Removes the file when the replay is done, or starts over. */
void replay_progress_remove(const struct replay_progress *k);
void replay_progress_close(struct replay_progress *k);

#endif
