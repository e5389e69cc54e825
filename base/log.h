/*
 * log.h - the log on standard error, one event per line.
 *
 * Text format: "<N>" priorities and no time stamp under systemd (JOURNAL_STREAM is set), else an
 * ISO time stamp and the level.  JSON format: one object per line.  Text from files or
 * servers may hold any byte: control characters, terminal escapes and invalid UTF-8 are escaped
 * here as \xHH, so that no log line can be forged or change a terminal.
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
 * Copies the last warning or error since the start as it was printed, truncated to size, or "" for
 * none.  Returns its time (real time, ms), or 0.
 */
int64_t log_last(char *ret, size_t size);

void log_error(const char *fmt, ...) ERR_PRINTF(1, 2);
void log_warning(const char *fmt, ...) ERR_PRINTF(1, 2);
void log_info(const char *fmt, ...) ERR_PRINTF(1, 2);
void log_debug(const char *fmt, ...) ERR_PRINTF(1, 2);

/*
 * Limits a line that can repeat to one per every_ms.  *ret_left_out is the number of lines that
 * were left out before this one.  Zero-initialise one struct log_limit for each kind of line.
 */
struct log_limit {
	int64_t next_ms;
	unsigned long left_out;
};
bool log_allowed(struct log_limit *limit, int64_t now_ms, int64_t every_ms,
                 unsigned long *ret_left_out);

/* Writes " (3 more since the last such line)" for the end of a line, or "" for 0. */
#define LOG_MORE_SIZE 64
const char *log_more(unsigned long left_out, char ret[LOG_MORE_SIZE]);

/*
 * Limits events that come alone or in large numbers (ten thousand files at once): LOG_BURST lines
 * at once, and one more per second.
 */
#define LOG_BURST 50
struct log_burst {
	int64_t since_ms; /* when used last fell */
	int64_t used;     /* falls by one a second */
	unsigned long left_out;
};
bool log_burst(struct log_burst *burst, int64_t now_ms, unsigned long *ret_left_out);

#endif
