/*
 * replay_count.h - `replay --dry-run`: the number of records that would be sent, by day and type.
 */
#ifndef ARCHIVE_REPLAY_COUNT_H
#define ARCHIVE_REPLAY_COUNT_H

#include "archive/replay_known.h"

/*
 * Prints the numbers.  With undelivered, known is open: the rows that it knows as delivered are
 * left out.  Returns the exit status.
 */
int replay_count(const struct conf *conf, const struct replay_job *job,
                 const struct replay_files *files, struct replay_known *known);

#endif
