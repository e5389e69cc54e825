#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/utf8.h"

#define DRAW_EVERY_MS 200
#define LINE_EVERY_MS 10000
#define CELLS 24
#define WIDTH_MAX 200 /* of the line; the text is ASCII except the reason for waiting */

void progress_open(struct progress *b, const char *name, int64_t now_ms)
{
	const char *term = getenv("TERM");
	*b = (struct progress){.name = name, .started_ms = now_ms};
	b->terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
	b->next_ms = now_ms + (b->terminal ? 0 : LINE_EVERY_MS);
}

void progress_begin(struct progress *b, const struct progress_state *s, int64_t now_ms)
{
	b->started_ms = now_ms;
	b->bytes_first = s->bytes;
	b->records_first = s->records;
}

int64_t progress_timeout(const struct progress *b, int64_t now_ms)
{
	return b->next_ms > now_ms ? b->next_ms - now_ms : 0;
}

/* "2 h 5 min", "3 min 20 s", "12 s" */
static void print_span(int64_t seconds, char *ret, size_t size)
{
	if (seconds >= 3600)
		(void)snprintf(ret, size, "%" PRId64 " h %" PRId64 " min", seconds / 3600,
		               seconds / 60 % 60);
	else if (seconds >= 60)
		(void)snprintf(ret, size, "%" PRId64 " min %" PRId64 " s", seconds / 60,
		               seconds % 60);
	else
		(void)snprintf(ret, size, "%" PRId64 " s", seconds);
}

static unsigned percent(const struct progress_state *s)
{
	if (s->bytes_total == 0)
		return 0;
	double p = 100.0 * (double)s->bytes / (double)s->bytes_total;
	return p < 100 ? (unsigned)p : 100;
}

static void words(const struct progress *b, const struct progress_state *s, int64_t now_ms,
                  char *ret, size_t size)
{
	char left[64] = "";
	double seconds = (double)(now_ms - b->started_ms) / 1000;
	uint64_t bytes = s->bytes - b->bytes_first;
	double rate = seconds > 0 ? (double)(s->records - b->records_first) / seconds : 0;
	if (!s->waiting[0] && bytes > 0 && seconds > 0 && s->bytes < s->bytes_total)
		print_span(
		        (int64_t)((double)(s->bytes_total - s->bytes) * seconds / (double)bytes) +
		                1,
		        left, sizeof(left));
	(void)snprintf(ret, size, "%3u%%  %" PRIu64 " %s, %.0f/s%s%s%s%s%s", percent(s), s->records,
	               s->verb, rate, left[0] ? ", " : "", left, left[0] ? " left" : "",
	               s->waiting[0] ? ", waiting: " : "", s->waiting);
}

static size_t width(void)
{
	struct winsize w;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col < 20)
		return 79;
	return w.ws_col - 1u < WIDTH_MAX ? w.ws_col - 1u : WIDTH_MAX;
}

/* A line wider than the terminal could not be cleared completely. */
static void draw(struct progress *b, const struct progress_state *s, const char *text)
{
	char cells[CELLS + 1];
	size_t full = percent(s) * CELLS / 100, room = width();
	memset(cells, ' ', CELLS);
	memset(cells, '=', full);
	cells[CELLS] = '\0';
	(void)fprintf(stderr, "\r\033[K");
	if (room > 2 * CELLS) {
		(void)fprintf(stderr, "[%s] ", cells);
		room -= CELLS + 3;
	}
	(void)fprintf(stderr, "%.*s", (int)room, text);
	(void)fflush(stderr);
	b->drawn = true;
}

void progress_show(struct progress *b, const struct progress_state *s, int64_t now_ms)
{
	char raw[512], text[2048];
	if (now_ms < b->next_ms)
		return;
	words(b, s, now_ms, raw, sizeof(raw));
	utf8_printable(raw, strlen(raw), text, sizeof(text)); /* it may quote the receiver */
	b->next_ms = now_ms + (b->terminal ? DRAW_EVERY_MS : LINE_EVERY_MS);
	if (b->terminal)
		draw(b, s, text);
	else
		(void)fprintf(stderr, "%s: %s\n", b->name, text + strspn(text, " "));
}

void progress_clear(struct progress *b)
{
	if (b->drawn)
		(void)fprintf(stderr, "\r\033[K");
	(void)fflush(stderr);
	b->drawn = false;
	if (b->terminal)
		b->next_ms = 0; /* drawn again at once, below the line printed next */
}
