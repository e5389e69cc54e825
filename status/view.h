/*
 * view.h - the data that `status`, the page and /metrics show.
 *
 * A view is filled from a running agent (agent/snapshot.h), or from a store and the files on disk
 * (archive/store_view.h); its forms (text.h, json.h, nagios.h, metrics.h) read nothing else.  Names
 * and the pointers marked so are borrowed: the configuration and the agent outlive the view.
 */
#ifndef STATUS_VIEW_H
#define STATUS_VIEW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "conf/conf.h"
#include "record/record.h"
#include "ship/ship.h"
#include "tailer/tailer.h"

struct counters;
struct rules;

/* Averages per second over the last 10 seconds, minute and hour (or since the start, if later). */
struct rates {
	double now, minute, hour;
};

struct source_view {
	const char *name, *acct_file;
	char file[256], rejected[256], unreadable[TAIL_PATH_SIZE], advice[TAIL_ADVICE_SIZE];
	struct besides besides;
	struct tail_status tail; /* its pointers lead to the fields above */
	uint64_t in_flight;      /* rows */
	uint64_t by_type[RECORD_NOT_A_TYPE + 1], utf8_repaired;
	int64_t last_record_ms;  /* timeLogged of the last row read; 0: not known */
	uint64_t behind_records; /* an estimate */
	uint64_t behind_seconds; /* upper bound for the age of the first row that is not settled */
	struct rates read, acked;
};

struct endpoint_view {
	const char *name;
	bool configured;
	struct ship_status ship; /* of a running agent */
	struct rates accepted;   /* records */
};

struct view {
	bool running; /* an agent runs, and this is its answer */
	bool unasked; /* an agent runs and does not answer: this is from its store */
	bool degraded, dry_run, dead_full;
	bool reload_failed; /* the last reload failed, since the configuration was wrong */
	bool stopping;
	int64_t pid, now_ms, uptime_ms, real_ms;
	int64_t started_real_ms,
	        loaded_real_ms;          /* start of the agent; last load of the configuration */
	const struct conf *conf;         /* borrowed */
	const struct counters *counters; /* borrowed; NULL without a running agent */
	const struct rules *rules;       /* borrowed; NULL without an agent or rules */
	char last_error[512];            /* the last warning or error in the log, or "" */
	int64_t last_error_ms;
	struct rates read, acked; /* of all sources */
	size_t nsources, nendpoints;
	struct source_view *sources;
	struct endpoint_view *endpoints;
	int64_t dead_records, dead_bytes;
	/* About files with rows left that the configuration no longer has; "" for none. */
	char left_behind[1024];
	int64_t dead_newest_ms; /* when the newest dead letter was made; 0: there is none */
};

/*
 * Makes an empty view with the names of the configuration.  Returns 0 or -ENOMEM; call view_free()
 * in either case.
 */
int view_new(struct view *ret, const struct conf *conf) MUST_CHECK;
void view_free(struct view *v);

/* Copy strings into the source's own fields; its tail points there afterwards. */
void view_name_file(struct source_view *s, const char *name);
void view_name_rejected(struct source_view *s, const char *name);
void view_name_unreadable(struct source_view *s, const char *path, const char *advice);

void view_take_besides(struct source_view *s, const struct besides *besides);

/* Returns the text that print writes; the caller frees it.  NULL when out of memory. */
typedef void view_print_fn(FILE *f, const struct view *v);
char *view_render(const struct view *v, view_print_fn *print);

/* Something that is over (a loss, a dead letter) is a problem for so many days. */
#define VIEW_RECENT_DAYS 7
bool view_recent(const struct view *v, int64_t real_ms);
/* Returns true if a file of the source was deleted unread within that time. */
bool view_lost(const struct view *v, const struct source_view *s);

#endif
