/*
 * replay_known.h - which rows of a replay have been delivered already, as far as the store knows:
 * rows that arrive twice turn soft bounces into hard ones.
 *
 * A row is delivered only if it was acknowledged (fate.h).  Rows that were passed over, skipped,
 * read by Logstash or dropped were never sent, and are not.
 */
#ifndef ARCHIVE_REPLAY_KNOWN_H
#define ARCHIVE_REPLAY_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/fate.h"
#include "archive/replay_files.h"

struct replay_known {
	const struct conf *conf;
	const struct replay_job *job;
	struct store *store; /* NULL: there is none, so nothing is known */
	struct catalog catalog;
	struct fates fates;
	struct rules *rules;

	const struct replay_file *at;
	struct catalog_file place;
	struct fate_file file;
	bool have; /* file is open and readable */

	uint64_t rows;      /* that would be sent */
	uint64_t delivered; /* of these */
	uint64_t unclear;   /* of these: delivered, or passed over */
};

/* Returns 0 or a negative errno with a message; call replay_known_close() in any case. */
int replay_known_open(struct replay_known *k, const struct conf *conf, const struct replay_job *job,
                      struct rules *rules, struct err *err) MUST_CHECK;
void replay_known_close(struct replay_known *k);

/* Looks at a file before its rows are asked about.  Returns 0 or a negative errno. */
int replay_known_file(struct replay_known *k, const struct replay_file *f) MUST_CHECK;

/* Gives the fate of a row of that file.  Returns 0 or a negative errno. */
int replay_known_row(struct replay_known *k, const struct record *rec, bool withheld,
                     enum fate *ret) MUST_CHECK;
/* Returns true if an answer accepted it. */
bool replay_known_delivered(enum fate fate);

/* Counts the rows of all files that are not done yet.  Unreadable files are left to the replay. */
int replay_known_count(struct replay_known *k, const struct replay_files *files) MUST_CHECK;

#endif
