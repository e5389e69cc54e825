/*
 * move_log.h - reads the numbers of moved records from PowerMTA's log.
 *
 * With `count-moved-records yes` PowerMTA logs how many records each accounting file contained when
 * it was moved (User's Guide, "count-moved-records").  The format of that line is not documented,
 * so the operator can set the pattern.
 */
#ifndef PMTA_MOVE_LOG_H
#define PMTA_MOVE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"

/*
 * The default pattern.  A pattern is an extended regular expression with two groups: the file, and
 * the number.  This one takes a name such as bounces-2026-11-21-0000.csv, with or without its
 * folder, and after it on the same line a number before the word "record" or "records".
 */
extern const char MOVE_LOG_PATTERN[];

struct pmta_count {
	char *name; /* without folder and ".gz" */
	uint64_t records;
	bool seen; /* for the caller */
};

struct move_log {
	struct pmta_count *v; /* each name once, with its last number in the log */
	size_t n, room;
};

/*
 * Reads a log (also .gz): the lines that match the pattern and name a file of one of the sources.
 * Returns 0 or a negative errno with err set; -EINVAL for a pattern that cannot be used.  Call
 * move_log_free() in any case.
 */
int move_log_read(struct move_log *ret, const struct conf *conf, const char *path,
                  const char *pattern, struct err *err) MUST_CHECK;
void move_log_free(struct move_log *log);

/* Returns the log's entry for a file, or NULL. */
struct pmta_count *move_log_find(const struct move_log *log, const char *name);

#endif
