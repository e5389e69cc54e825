/*
 * move_log.h - the numbers of records that PowerMTA says it moved.
 *
 * With `count-moved-records yes` PowerMTA writes to its log how many records each accounting file
 * held when it was moved (User's Guide, "count-moved-records").  How that line reads is not
 * documented, so the pattern is the operator's to set.
 */
#ifndef PMTA_MOVE_LOG_H
#define PMTA_MOVE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"

/*
 * An extended regular expression with two groups: the file, and the number.  By default: a name
 * such as bounces-2026-11-21-0000.csv, with or without its folder, and behind it on the same line a
 * number before the word "record" or "records".
 */
extern const char MOVE_LOG_PATTERN[];

struct pmta_count {
	char *name; /* without folder and ".gz" */
	uint64_t records;
	bool seen; /* the caller's */
};

struct move_log {
	struct pmta_count *v; /* each name once, as the log said last */
	size_t n, room;
};

/*
 * Read a log (also .gz): the lines that fit the pattern and name a file of one of the sources.
 * Returns 0 or a negative errno with words; -EINVAL for a pattern that cannot be used.
 * move_log_free() in any case.
 */
int move_log_read(struct move_log *ret, const struct conf *conf, const char *path,
                  const char *pattern, struct err *err) MUST_CHECK;
void move_log_free(struct move_log *log);

/* What the log says of a file, or NULL. */
struct pmta_count *move_log_find(const struct move_log *log, const char *name);

#endif
