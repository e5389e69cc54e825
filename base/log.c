#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/utf8.h"

static struct {
	enum log_level level;
	bool json;
	bool journal;    /* stderr goes to the journal, which adds the time and reads "<N>" */
	int64_t last_ms; /* time of the last warning or error */
	char last[512];  /* its text */
} log_state = {.level = LOG_LEVEL_INFO};

static const struct {
	const char *name;
	int priority; /* sd-daemon(3) */
} levels[] = {
        [LOG_LEVEL_ERROR] = {"error", 3},
        [LOG_LEVEL_WARNING] = {"warning", 4},
        [LOG_LEVEL_INFO] = {"info", 6},
        [LOG_LEVEL_DEBUG] = {"debug", 7},
};

void log_setup(enum log_level level, bool json)
{
	log_state.level = level;
	log_state.json = json;
	log_state.journal = getenv("JOURNAL_STREAM") != NULL;
}

int64_t log_last(char *ret, size_t size)
{
	(void)snprintf(ret, size, "%s", log_state.last);
	return log_state.last_ms;
}

static void stamp(char *ret, size_t size)
{
	struct timespec now;
	struct tm tm;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	char seconds[32];
	(void)strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(ret, size, "%s.%03uZ", seconds, (unsigned)(now.tv_nsec / 1000000) % 1000);
}

static void log_line(enum log_level level, const char *fmt, va_list args)
{
	char raw[2048];
	char text[4096];
	char line[8448];
	char when[40];
	int n = vsnprintf(raw, sizeof(raw), fmt, args);
	if (n < 0)
		return;
	size_t len = (size_t)n < sizeof(raw) ? (size_t)n : sizeof(raw) - 1;
	utf8_printable(raw, len, text, sizeof(text));
	if (level <= LOG_LEVEL_WARNING) {
		utf8_printable(text, strlen(text), log_state.last, sizeof(log_state.last));
		log_state.last_ms = clock_real_ms();
	}
	stamp(when, sizeof(when));
	if (log_state.json) {
		char quoted[8192];
		json_escape(slice_of(text), quoted, sizeof(quoted));
		n = snprintf(line, sizeof(line),
		             "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"%s\"}\n", when,
		             levels[level].name, quoted);
	} else if (log_state.journal) {
		n = snprintf(line, sizeof(line), "<%d>%s\n", levels[level].priority, text);
	} else {
		n = snprintf(line, sizeof(line), "%s %s: %s\n", when, levels[level].name, text);
	}
	/* One write per line: lines of two processes on one descriptor do not mix. */
	if (n > 0)
		(void)!fwrite(line, 1, (size_t)n, stderr);
}

#define LOG_FUNCTION(name, level_)                                                                 \
	void name(const char *fmt, ...)                                                            \
	{                                                                                          \
		if (log_state.level < (level_))                                                    \
			return;                                                                    \
		va_list args;                                                                      \
		va_start(args, fmt);                                                               \
		log_line(level_, fmt, args);                                                       \
		va_end(args);                                                                      \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

bool log_allowed(struct log_limit *limit, int64_t now_ms, int64_t every_ms,
                 unsigned long *ret_left_out)
{
	if (limit->next_ms != 0 && now_ms < limit->next_ms) {
		limit->left_out++;
		return false;
	}
	*ret_left_out = limit->left_out;
	limit->left_out = 0;
	limit->next_ms = now_ms + every_ms;
	return true;
}

bool log_burst(struct log_burst *burst, int64_t now_ms, unsigned long *ret_left_out)
{
	int64_t seconds = (now_ms - burst->since_ms) / 1000;
	burst->since_ms += seconds * 1000;
	burst->used = burst->used > seconds ? burst->used - seconds : 0;
	if (burst->used >= LOG_BURST) {
		burst->left_out++;
		return false;
	}
	burst->used++;
	*ret_left_out = burst->left_out;
	burst->left_out = 0;
	return true;
}

const char *log_more(unsigned long left_out, char ret[LOG_MORE_SIZE])
{
	ret[0] = '\0';
	if (left_out > 0)
		(void)snprintf(ret, LOG_MORE_SIZE, " (%lu more since the last such line)",
		               left_out);
	return ret;
}
