#include "status/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_MS 1000
#define MINUTE_MS 60000
#define SLOTS (HISTORY_MINUTES + 1) /* sixty steps need sixty-one samples */

/* The values of all series at the last samples, which are step_ms apart. */
struct ring {
	int64_t step_ms, last_ms; /* last_ms: time of the newest sample */
	size_t newest, filled;
	uint64_t *at; /* SLOTS for each series */
};

struct track {
	struct history_series series;
	uint64_t seen; /* the last value given to history_take() */
	uint64_t sum;  /* all growth since the opening; of a level, its value */
	bool known;    /* seen is valid */
};

struct history {
	size_t n;
	struct track *tracks;
	struct ring seconds, minutes;
	int64_t taken_ms;
};

struct history *history_close(struct history *h)
{
	if (h) {
		free(h->tracks);
		free(h->seconds.at);
		free(h->minutes.at);
		free(h);
	}
	return NULL;
}

static const struct track *track_named(const struct history *h, const char *name, size_t *ret)
{
	for (size_t i = 0; h && i < h->n; i++) {
		if (strcmp(h->tracks[i].series.name, name) == 0) {
			*ret = i;
			return &h->tracks[i];
		}
	}
	return NULL;
}

static void take_over(struct history *h, const struct history *before)
{
	uint64_t *seconds = h->seconds.at, *minutes = h->minutes.at;
	h->taken_ms = before->taken_ms;
	h->seconds = before->seconds;
	h->minutes = before->minutes;
	h->seconds.at = seconds;
	h->minutes.at = minutes;
	for (size_t i = 0; i < h->n; i++) {
		size_t j = 0;
		const struct track *t = track_named(before, h->tracks[i].series.name, &j);
		if (!t)
			continue;
		h->tracks[i] = *t;
		memcpy(seconds + i * SLOTS, before->seconds.at + j * SLOTS,
		       SLOTS * sizeof(*seconds));
		memcpy(minutes + i * SLOTS, before->minutes.at + j * SLOTS,
		       SLOTS * sizeof(*minutes));
	}
}

int history_open(struct history **ret, const struct history_series *series, size_t n,
                 int64_t now_ms, const struct history *before)
{
	struct history *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	*h = (struct history){.n = n,
	                      .taken_ms = now_ms,
	                      .seconds = {.step_ms = SECOND_MS, .last_ms = now_ms},
	                      .minutes = {.step_ms = MINUTE_MS, .last_ms = now_ms}};
	h->tracks = calloc(n + 1, sizeof(*h->tracks));
	h->seconds.at = calloc((n + 1) * SLOTS, sizeof(*h->seconds.at));
	h->minutes.at = calloc((n + 1) * SLOTS, sizeof(*h->minutes.at));
	if (!h->tracks || !h->seconds.at || !h->minutes.at) {
		(void)history_close(h);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		h->tracks[i].series = series[i];
	if (before)
		take_over(h, before);
	*ret = h;
	return 0;
}

static bool ring_due(const struct ring *r, int64_t now_ms)
{
	return r->filled == 0 || now_ms - r->last_ms >= r->step_ms;
}

bool history_due(const struct history *h, int64_t now_ms, bool *ret_levels)
{
	if (!h || !ring_due(&h->seconds, now_ms))
		return false;
	*ret_levels = ring_due(&h->minutes, now_ms);
	return true;
}

static void track_take(struct track *t, uint64_t value, bool levels)
{
	if (t->series.kind == HISTORY_LEVEL) {
		t->sum = levels ? value : t->sum;
		return;
	}
	if (t->known && value > t->seen)
		t->sum += value - t->seen;
	else if (t->known && value < t->seen && t->series.kind == HISTORY_COUNTER)
		t->sum += value;
	if (!t->known || value > t->seen || t->series.kind == HISTORY_COUNTER)
		t->seen = value;
	t->known = true;
}

/* Nothing changed since the last sample: all samples that were missed get the present values. */
static void ring_take(struct ring *r, int64_t now_ms, const struct track *tracks, size_t n)
{
	int64_t passed = r->filled == 0 ? 1 : (now_ms - r->last_ms) / r->step_ms;
	if (r->filled > 0)
		r->last_ms += passed * r->step_ms;
	for (int64_t k = 0; k < passed && k < SLOTS; k++) {
		r->newest = (r->newest + 1) % SLOTS;
		r->filled += r->filled < SLOTS;
		for (size_t i = 0; i < n; i++)
			r->at[i * SLOTS + r->newest] = tracks[i].sum;
	}
}

void history_take(struct history *h, int64_t now_ms, const uint64_t *values)
{
	bool levels = ring_due(&h->minutes, now_ms);
	for (size_t i = 0; i < h->n; i++)
		track_take(&h->tracks[i], values[i], levels);
	ring_take(&h->seconds, now_ms, h->tracks, h->n);
	if (levels)
		ring_take(&h->minutes, now_ms, h->tracks, h->n);
	h->taken_ms = now_ms;
}

/* The value of a series, back samples before the newest one. */
static uint64_t ring_at(const struct ring *r, size_t series, size_t back)
{
	return r->at[series * SLOTS + (r->newest + SLOTS - back) % SLOTS];
}

double history_rate(const struct history *h, size_t series, int64_t span_ms)
{
	const struct ring *r = span_ms <= MINUTE_MS ? &h->seconds : &h->minutes;
	if (r->filled == 0)
		return 0;
	size_t back = (size_t)(span_ms / r->step_ms);
	if (back >= r->filled)
		back = r->filled - 1;
	int64_t span = h->taken_ms - (r->last_ms - (int64_t)back * r->step_ms);
	uint64_t grown = h->tracks[series].sum - ring_at(r, series, back);
	return span < SECOND_MS ? 0 : (double)grown * 1000 / (double)span;
}

size_t history_minutes(const struct history *h, size_t series, uint64_t ret[HISTORY_MINUTES])
{
	const struct ring *r = &h->minutes;
	size_t n = r->filled > 0 ? r->filled - 1 : 0;
	bool level = h->tracks[series].series.kind == HISTORY_LEVEL;
	for (size_t i = 0; i < n; i++) {
		uint64_t end = ring_at(r, series, n - 1 - i);
		ret[i] = level ? end : end - ring_at(r, series, n - i);
	}
	return n;
}

int64_t history_last_minute_ms(const struct history *h)
{
	return h->minutes.last_ms;
}
