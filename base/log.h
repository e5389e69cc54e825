/*
 * log.h - one event a line, to standard error.
 *
 * Text format: "<N>" priorities and no time stamp under systemd (JOURNAL_STREAM is set), else an
 * ISO time stamp and the level.  JSON format: one object a line.  Whatever comes from files or
 * servers may hold any byte: control characters, quotes of a terminal escape and invalid UTF-8 are
 * escaped here as \xHH, so that no log line can be forged or act on a terminal.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_setup(enum log_level level, bool json);

/*
 * The last warning or error since the start, as it was printed, cut to size; "" for none.  Returns
 * when that was (real time, ms), or 0.
 */
int64_t log_last(char *ret, size_t size);

void log_error(const char *fmt, ...) ERR_PRINTF(1, 2);
void log_warning(const char *fmt, ...) ERR_PRINTF(1, 2);
void log_info(const char *fmt, ...) ERR_PRINTF(1, 2);
void log_debug(const char *fmt, ...) ERR_PRINTF(1, 2);

/*
 * For what can repeat: at most one line in every_ms; the next one that is let through says how
 * many were left out.  Zero-initialise one struct log_limit for each kind of line.
 */
struct log_limit {
	int64_t next_ms;
	unsigned long left_out;
};
bool log_allowed(struct log_limit *limit, int64_t now_ms, int64_t every_ms,
                 unsigned long *ret_left_out);

/* " (3 more since the last such line)", to end a line with; "" for none. */
#define LOG_MORE_SIZE 64
const char *log_more(unsigned long left_out, char ret[LOG_MORE_SIZE]);

/*
 * For events that come alone or in crowds (ten thousand files at once): LOG_BURST lines at once,
 * and one more a second.
 */
#define LOG_BURST 50
struct log_burst {
	int64_t since_ms; /* of used: it falls by one a second */
	int64_t used;
	unsigned long left_out;
};
bool log_burst(struct log_burst *burst, int64_t now_ms, unsigned long *ret_left_out);

#endif
