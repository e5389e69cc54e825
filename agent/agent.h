/*
 * agent.h - the running agent: owner of all modules; for agent/ only.
 *
 *     wait      ship_wait()          transfers, inotify, signals, the listener
 *     take in   tailer_wake()        events;  ship_step(): answers
 *     fill      feed_fill()          lines to records to batches
 *     commit    commit_write()       one transaction: positions, boundaries, dead letters
 *     send      ship_start()         only what the commit has stored
 *
 * The order matters: a batch is sent only after its boundary is in the store, and what answers for
 * it is committed before anything new takes its slot.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/log.h"
#include "conf/conf.h"
#include "csv/reader.h"
#include "ship/json.h"
#include "ship/ship.h"
#include "state/store.h"
#include "status/counters.h"
#include "status/history.h"
#include "tailer/tailer.h"

struct agent;
struct http_server;
struct rules;

/* timeLogged of a source's records, as PowerMTA wrote it; "" while none is known. */
#define TIME_TEXT_SIZE 40
struct lag {
	char read[TIME_TEXT_SIZE];  /* of the last row read */
	char first[TIME_TEXT_SIZE]; /* of the first one since the start */
	char done[TIME_TEXT_SIZE];  /* of the last one in its file that was answered for */
	int64_t done_file;
	uint64_t done_end;
	char settled[TIME_TEXT_SIZE]; /* and with nothing before it open; in the store */
	size_t column;                /* where timeLogged stood the last time */
	bool changed;                 /* settled is to be stored */
	int64_t caught_up_ms;         /* nothing was left to do then; 0: never yet */
};

/* From one source's lines to its endpoint's batches. */
struct feed {
	struct agent *agent;
	unsigned index; /* of the source, and the lane of ship */
	const struct conf_source *conf;
	struct reader *reader;
	int64_t reader_file;    /* whose columns the reader has; 0 for none */
	struct tail_file *file; /* held while something of it is not settled */
	uint64_t cursor;        /* the end of the last item, or of what was settled */
	uint64_t read_to;       /* the end of the last complete row or line */
	uint64_t expect;        /* the end of the last line */
	struct mark last;       /* the last row since cursor that proves something */
	struct tally passed;    /* rows since cursor */
	uint64_t bound;         /* the open batch ends here: a boundary stored before; 0: none */
	bool barrier;           /* other columns follow: wait until all before is committed */
	bool warned_type;
	int64_t stalled_ms; /* out of memory: not before then */
	uint64_t in_flight; /* rows handed to ship and not yet reported done */
	struct source_counters *counts;
	struct lag times;
};

/* A dead letter on its way to the store. */
struct letter {
	struct store_dead d; /* its texts are pieces of memory, or fixed words */
	char *memory;
	bool again; /* it is in the store, and was refused again */
};

/* `dead retry`: the letters that are meant, in the order of their numbers, some at a time. */
#define RETRY_OUT 32
struct retry {
	struct store_dead_filter what; /* its texts are pieces of memory */
	char *memory;                  /* NULL: no retry is under way */
	int64_t out[RETRY_OUT];        /* numbers of letters without an answer */
	size_t nout;
	uint64_t delivered, refused, unsendable;
};

/* Boundary of a batch that was in flight when the agent ended, or that is done. */
struct bound {
	int64_t file;
	uint64_t start, end;
};

/* A run of refusals that was the endpoint's fault: its dead letters are tried once more. */
struct lifted {
	int64_t run;   /* 0: none */
	int64_t after; /* numbers up to it had theirs */
	bool all;      /* and these are all */
	size_t left;   /* tries without an answer */
};

/* An endpoint that is shared with a replay: see share.h. */
#define LEASES_MAX 16
struct lease {
	char endpoint[80]; /* names have at most 64 */
	int64_t until_ms;
	unsigned theirs; /* requests at a time that are not ours */
};

struct agent {
	struct conf *conf;
	struct store *store;
	struct tailer *tailer;
	struct tail_source *tail_sources;
	struct ship *ship;
	struct http_server *listen;
	struct feed *feeds;
	struct counters *counts;
	int signal_fd;
	bool dry_run, stopping, reload, degraded;
	int64_t now_ms, stop_ms, started_ms, started_real_ms;
	int64_t rested_ms; /* memory was given back then */
	struct conf *next_conf;
	struct rules *rules, *next_rules; /* NULL: there are none */
	bool reload_failed;     /* the last one was asked for with a configuration that is wrong */
	int64_t loaded_real_ms; /* when the configuration in force was read */

	struct letter *letters;
	size_t nletters, letters_room, letters_bytes;
	int64_t dead_records, dead_bytes; /* in the store */
	bool dead_full;
	struct hash128 *dropped; /* dead letters that were delivered after all */
	size_t ndropped, dropped_room;
	struct bound *done; /* boundaries to be dropped */
	size_t ndone, done_room;
	struct bound *bounds; /* of batches that were in flight at the last end */
	size_t nbounds;
	struct lifted *lifted; /* by endpoint */
	struct retry retry;
	struct ship_memory *remembered; /* by endpoint: as it is in the store */
	struct log_limit store_limit, dead_limit, trouble_limit;
	struct log_burst note_limit;
	uint64_t said_state; /* what the service manager was told of, as a number */
	unsigned next_lane;
	struct history *history;
	uint64_t *sampled; /* the values of its series, as they were taken last */
	struct lease leases[LEASES_MAX];
	size_t nleases;
};

/* lane.c */
int feed_open(struct feed *l, struct agent *a, unsigned index, struct err *err) MUST_CHECK;
void feed_close(struct feed *l);
/*
 * Read until a batch is complete, nothing is left or there is no room.  Returns whether there may
 * be more at once.
 */
bool feed_fill(struct feed *l);

/* books.c: what is to be written down, and writing it */
int commit_open(struct agent *a, struct err *err) MUST_CHECK;
void commit_close(struct agent *a);
bool commit_full(const struct agent *a); /* too many dead letters wait: stop reading */
int commit_dead_letter(struct agent *a, const struct store_dead *d) MUST_CHECK;
void commit_done(const struct ship_done *done, void *arg);
void redrive_lifted(size_t endpoint, int64_t run, void *arg);
/* One transaction for all that changed.  Whether everything is in the store. */
bool commit_write(struct agent *a);
/* The boundary that was stored at start of a file, taken out of the list; 0 for none. */
uint64_t commit_bound(struct agent *a, int64_t file, uint64_t start);

/* memory.c: what the store keeps of an endpoint */
int endpoint_memory_load(struct agent *a, size_t endpoint) MUST_CHECK;
int endpoint_memory_put(struct agent *a, size_t endpoint) MUST_CHECK; /* within a transaction */
/* Whether it is paused.  A transaction of its own. */
int endpoint_memory_pause(struct agent *a, size_t endpoint, bool paused) MUST_CHECK;
/* The other try of the endpoint's lifted run is over. */
int endpoint_memory_lift_over(struct agent *a, size_t endpoint) MUST_CHECK;
/* again.c: after a commit, dead letters of runs that are over get one more try */
void redrive_runs(struct agent *a);
/* Add one to the endpoint's batches: 1, 0 when it cannot be encoded, or a negative errno. */
int redrive_send(struct agent *a, size_t endpoint, const struct store_dead *d) MUST_CHECK;

/* retry.c: `dead retry` */
/* Begin with those that are meant, instead of what was under way.  Counts them into *ret_n. */
int redrive_begin(struct agent *a, const struct store_dead_filter *what, int64_t *ret_n) MUST_CHECK;
bool redrive_go_on(struct agent *a); /* after a commit; whether the next turn is not to wait */
/* Whether an answer to the letter is waited for. */
bool redrive_is_out(const struct agent *a, int64_t number);
/* Whether the letter's answer was waited for here. */
bool redrive_answered(struct agent *a, const struct ship_done *done);
void redrive_end(struct agent *a);

/* verbs.c: what the control socket takes.  The answer's first line is the exit status. */
struct http_server_request;
char *verb_pause(struct agent *a, const struct http_server_request *request);
char *verb_resume(struct agent *a, const struct http_server_request *request);
char *verb_dead_retry(struct agent *a, const struct http_server_request *request);
char *verb_dead_drop(struct agent *a, const struct http_server_request *request);
char *verb_drain(struct agent *a, const struct http_server_request *request);

/* The dead letters in the store are others now. */
void commit_recount(struct agent *a);

/*
 * carry.c: what was counted goes on under another configuration.  carry_on() when tailer and ship
 * are open, the others before they are closed.
 */
int carry_on(struct agent *a, struct err *err) MUST_CHECK;
void carry_ship(struct agent *a);
void carry_tailer(struct agent *a);
/* Once an hour: how much disk the sources' files take. */
void carry_growth(struct agent *a);

/* signals.c */
void signals_block(void);
int signals_open(struct agent *a, struct err *err) MUST_CHECK;

/* agent.c */
/* Run until SIGTERM.  Takes the conf over.  Returns the exit status. */
int agent_run(struct conf *conf, bool dry_run);

/* sample.c: the series of the agent's history, and taking them; see history.h */
enum series_source { SERIES_READ, SERIES_ACKED, SERIES_BEHIND, SERIES_A_SOURCE };
enum series_endpoint {
	SERIES_REQUESTS,
	SERIES_ACCEPTED,
	SERIES_ENDED,   /* requests */
	SERIES_ELAPSED, /* microseconds of those */
	SERIES_AN_ENDPOINT
};
size_t series_of_source(size_t source, enum series_source what);
size_t series_of_endpoint(const struct agent *a, size_t endpoint, enum series_endpoint what);
size_t series_of_category(const struct agent *a, size_t category);
int samples_open(struct agent *a, struct err *err) MUST_CHECK; /* also after a reload */
void samples_close(struct agent *a);
/* Between waiting and whatever comes of it: nothing has moved since the last turn. */
void samples_take(struct agent *a);

/* A second, on average, over the last 10 seconds, minute, hour (or since the start, if later). */
struct rates {
	double now, minute, hour;
};
struct rates samples_rates(const struct agent *a, size_t series);

/* view.c, status.c: what `status` shows, of a running agent or of the store alone */
struct source_view {
	const char *name, *acct_file;
	char file[256], unreadable[TAIL_PATH_SIZE], advice[TAIL_ADVICE_SIZE];
	struct tail_status tail; /* its texts point to the fields above */
	uint64_t in_flight;      /* rows */
	uint64_t by_type[RECORD_NOT_A_TYPE + 1], utf8_repaired;
	int64_t last_record_ms;  /* timeLogged of the last row read; 0: not known */
	uint64_t behind_records; /* an estimate */
	uint64_t behind_seconds; /* age of the first row that is not settled, at most */
	struct rates read, acked;
};

struct endpoint_view {
	const char *name;
	bool configured;
	struct ship_status ship; /* of a running agent */
	struct rates accepted;   /* records */
};

struct view {
	bool running; /* and it was asked */
	bool unasked; /* it runs, but cannot be asked: this is what its store says */
	bool degraded, dry_run, dead_full;
	int64_t pid, now_ms, uptime_ms, real_ms;
	const char *conf_path;
	const struct rules *rules; /* of a running agent that has some */
	char last_error[512];      /* the last warning or error in the log; "" for none */
	int64_t last_error_ms;
	struct rates read, acked; /* of all sources */
	size_t nsources, nendpoints;
	struct source_view *sources;
	struct endpoint_view *endpoints;
	int64_t dead_records, dead_bytes;
};

/* times.c: how far behind a source is, in records and seconds */
void lag_read(struct lag *t, const struct record *rec);
void lag_done(struct lag *t, const struct ship_done *done); /* after its tailer_ack() */
int lag_load(struct lag *t, struct store *store, const char *source) MUST_CHECK;
int lag_put(struct lag *t, struct store *store, const char *source) MUST_CHECK;
void lag_caught_up(struct agent *a); /* at the time of samples_take() */
void lag_view(struct source_view *s, const struct lag *t, int64_t now_ms);

/* Both return 0 or a negative errno; view_free() in any case. */
int snapshot_take(struct view *ret, const struct agent *a) MUST_CHECK;
int store_view(struct view *ret, const struct conf *conf, struct store *store) MUST_CHECK;
void view_free(struct view *v);

/* Things an operator should look at; 0: all is well. */
unsigned view_problems(const struct view *v);
/* A source lost a file unread, and that is not long ago. */
bool view_lost(const struct view *v, const struct source_view *s);
#define VIEW_LOST_DAYS 7

/* Text for people, JSON for programs: the caller's, or NULL when out of memory. */
char *status_text(const struct view *v);
char *status_json(const struct view *v);
typedef void status_print_fn(FILE *f, const struct view *v);
char *status_render(const struct view *v, status_print_fn *print);

/*
 * verdict.c: one line for Nagios and its kind, with performance data, the caller's (or NULL when
 * out of memory).  *ret_exit is what such a program expects as exit status.
 */
enum nagios { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN };
struct nagios_limits {
	uint64_t warn_ms, crit_ms; /* behind */
};
char *nagios_line(const struct view *v, const struct nagios_limits *limits, enum nagios *ret_exit);

/* rest.c: before a wait of wait_ms */
void rest_if_idle(struct agent *a, int64_t wait_ms);
/* metrics.c, hour.c, page.c: the caller's, or NULL when out of memory */
char *metrics_text(const struct agent *a);
char *history_json(const struct agent *a);
/* The page, and the Content-Security-Policy it needs. */
char *page_text(char *ret_csp, size_t size);

/* control.c: answers on the control socket and on metrics-listen */
int routes_open(struct agent *a);

/* say.c: the log's first and last lines, and what `systemctl status` shows */
void announce_note(struct agent *a, enum log_level level, const char *text); /* of another room */
void announce_start(struct agent *a);
void announce_reloaded(struct agent *a);
void announce_state(struct agent *a); /* each turn: tells when it is another one */
void announce_stop(const struct agent *a);

/* notify.c: to the service manager, if there is one */
void notify_ready(const char *status);
void notify_status(const char *status);
void notify_reloading(void);
void notify_stopping(void);
/* Half the watchdog's interval, or -1 without one; notify_alive() at least that often. */
int64_t notify_interval_ms(void);
void notify_alive(int64_t now_ms);

#endif
