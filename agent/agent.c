#include "agent/agent.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/leases.h"
#include "base/clock.h"
#include "base/units.h"
#include "cli/cli.h"
#include "logstash/detect.h"
#include "rules/judge.h"
#include "service/http_server.h"

#define DEGRADED_MS 1000

/* ---- opening, in order; closing is the reverse ---- */

static void on_tail_note(enum tail_level level, const char *text, void *arg)
{
	static const enum log_level levels[] = {
	        [TAIL_INFO] = LOG_LEVEL_INFO,
	        [TAIL_WARNING] = LOG_LEVEL_WARNING,
	        [TAIL_ERROR] = LOG_LEVEL_ERROR,
	};
	announce_note(arg, levels[level], text);
}

static void on_ship_note(bool problem, const char *text, void *arg)
{
	announce_note(arg, problem ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, text);
}

static int open_tailer(struct agent *a, struct err *err)
{
	static const enum tail_first firsts[] = {
	        [FIRST_LIVE] = TAIL_FIRST_LIVE,
	        [FIRST_NOW] = TAIL_FIRST_NOW,
	        [FIRST_ALL] = TAIL_FIRST_ALL,
	};
	const struct conf *c = a->conf;
	a->tail_sources = calloc(c->nsources, sizeof(*a->tail_sources));
	if (!a->tail_sources)
		return err_set(err, -ENOMEM, "follow files: out of memory");
	for (size_t i = 0; i < c->nsources; i++)
		a->tail_sources[i] = (struct tail_source){
		        .name = c->sources[i].name,
		        .acct_file = c->sources[i].acct_file,
		        .move_to = c->sources[i].move_to,
		        .fair = c->sources[i].fair,
		};
	const struct tailer_conf conf = {
	        .sources = a->tail_sources,
	        .nsources = c->nsources,
	        .store = a->store,
	        .line_max = c->record_max + 2,
	        .rescan_ms = c->rescan_ms,
	        .first = firsts[c->first_start],
	};
	return tailer_open(&a->tailer, &conf, on_tail_note, a, err);
}

static void close_tailer(struct agent *a)
{
	carry_tailer(a);
	a->tailer = tailer_close(a->tailer);
	free(a->tail_sources);
	a->tail_sources = NULL;
}

static int open_ship(struct agent *a, struct err *err)
{
	const struct ship_hooks hooks = {commit_done, redrive_lifted, on_ship_note, a, a->dry_run};
	const struct conf *c = a->conf;
	int rc = ship_open(&a->ship, c->endpoints, c->nendpoints, c->nsources, &hooks, err);
	if (rc == 0)
		rc = carry_on(a, err);
	if (rc == 0)
		rc = commit_open(a, err);
	if (rc < 0)
		return rc;
	a->feeds = calloc(c->nsources, sizeof(*a->feeds));
	if (!a->feeds)
		return err_set(err, -ENOMEM, "set up sources: out of memory");
	for (unsigned i = 0; rc == 0 && i < c->nsources; i++)
		rc = feed_open(&a->feeds[i], a, i, err);
	return rc < 0 ? rc : samples_open(a, err);
}

static void close_ship(struct agent *a)
{
	carry_ship(a);
	for (size_t i = 0; a->feeds && i < a->conf->nsources; i++)
		feed_close(&a->feeds[i]);
	free(a->feeds);
	a->feeds = NULL;
	a->ship = ship_close(a->ship);
	a->retry.nout = 0; /* answers to those will not come */
}

/*
 * A new store beside a Logstash that reads the same files would send rows again that Logstash has
 * delivered, and rows that arrive twice turn soft bounces into hard ones: somebody has to say where
 * to begin.
 */
static int refuse_double(const struct agent *a, struct err *err)
{
	char where[512];
	int64_t started;
	if (a->conf->first_start_set || a->dry_run)
		return 0;
	for (size_t i = 0; i < a->conf->nsources; i++) {
		int rc = store_get(a->store, a->conf->sources[i].name, "started", 0, &started);
		if (rc < 0 || started)
			return rc < 0 ? err_set(err, rc, "read the store: %s",
			                        store_error(a->store))
			              : 0;
	}
	if (!logstash_reads("", a->conf, where, sizeof(where)))
		return 0;
	return err_set(
	        err, -EEXIST,
	        "Logstash is set up on this host to read the same files (\"%s\"): rows would be "
	        "delivered twice; stop it and take its positions over with 'pmta-shipper "
	        "import-sincedb SINCEDB', or say where to begin with first-start in \"%s\" (now: "
	        "after the last complete line; live: live files from their beginning; all)",
	        where, a->conf->path);
}

static int open_all(struct agent *a, struct err *err)
{
	int rc = signals_open(a, err);
	if (rc == 0)
		rc = store_open(&a->store, a->conf->state_dir, a->dry_run ? "dry-run" : "state",
		                err);
	if (rc == 0)
		rc = refuse_double(a, err);
	if (rc == 0)
		rc = open_tailer(a, err);
	if (rc == 0)
		rc = open_ship(a, err);
	if (rc == 0 && !a->dry_run)
		rc = routes_open(a);
	return rc;
}

static void close_all(struct agent *a)
{
	a->listen = http_server_close(a->listen);
	redrive_end(a);
	close_ship(a);
	samples_close(a);
	commit_close(a);
	close_tailer(a);
	a->counts = counters_close(a->counts);
	a->store = store_close(a->store);
	if (a->signal_fd >= 0)
		(void)close(a->signal_fd);
	a->conf = conf_free(a->conf);
	a->next_conf = conf_free(a->next_conf);
	a->rules = rules_free(a->rules);
	a->next_rules = rules_free(a->next_rules);
}

/* ---- signals and reload ---- */

static void on_mistake(const char *line, void *arg)
{
	(void)arg;
	log_error("%s", line);
}

/* Check the new file first: a bad one changes nothing. */
static void begin_reload(struct agent *a)
{
	struct conf *conf;
	struct rules *rules;
	notify_reloading();
	if (conf_load(&conf, a->conf->path, on_mistake, NULL) < 0) {
		log_error("reload: the new configuration is wrong, going on with the old one");
		notify_ready("going on with the old configuration");
		a->reload_failed = true;
		return;
	}
	if (rules_load(&rules, &conf->rules, on_mistake, NULL) < 0) {
		log_error("reload: the rules are wrong, going on with the old configuration and "
		          "the old rules");
		notify_ready("going on with the old configuration and rules");
		a->reload_failed = true;
		(void)conf_free(conf);
		return;
	}
	if (strcmp(conf->state_dir, a->conf->state_dir) != 0 ||
	    strcmp(conf->runtime_dir, a->conf->runtime_dir) != 0 ||
	    strcmp(conf->metrics_listen, a->conf->metrics_listen) != 0)
		log_warning("reload: state-dir, runtime-dir and metrics-listen take effect at the "
		            "next restart");
	(void)conf_free(a->next_conf);
	a->next_conf = conf;
	(void)rules_free(a->next_rules);
	a->next_rules = rules;
	a->reload_failed = false;
	if (!a->reload) /* one reload after the other does not put the first one off */
		a->stop_ms = a->now_ms;
	a->reload = true;
	ship_drain(a->ship);
	log_info("reload: finishing what is in flight (%zu request%s)", ship_in_flight(a->ship),
	         units_s(ship_in_flight(a->ship)));
}

static void take_signals(struct agent *a)
{
	struct signalfd_siginfo info;
	while (read(a->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			if (!a->stopping)
				begin_reload(a);
			continue;
		}
		if (a->stopping)
			continue;
		a->stopping = true;
		a->stop_ms = a->now_ms;
		ship_drain(a->ship);
		notify_stopping();
		log_info("stopping: finishing what is in flight (%zu request%s)",
		         ship_in_flight(a->ship), units_s(ship_in_flight(a->ship)));
	}
}

static bool same_sources(const struct conf *a, const struct conf *b)
{
	if (a->nsources != b->nsources || a->record_max != b->record_max ||
	    a->rescan_ms != b->rescan_ms)
		return false;
	for (size_t i = 0; i < a->nsources; i++) {
		const struct conf_source *s = &a->sources[i], *t = &b->sources[i];
		if (strcmp(s->name, t->name) != 0 || strcmp(s->acct_file, t->acct_file) != 0 ||
		    strcmp(s->move_to, t->move_to) != 0 || s->fair != t->fair)
			return false;
	}
	return true;
}

/* The tailer points at the names in the configuration it was opened with. */
static void repoint_sources(struct agent *a)
{
	for (size_t i = 0; i < a->conf->nsources; i++) {
		a->tail_sources[i].name = a->conf->sources[i].name;
		a->tail_sources[i].acct_file = a->conf->sources[i].acct_file;
		a->tail_sources[i].move_to = a->conf->sources[i].move_to;
	}
	tailer_repoint(a->tailer);
}

/* All answers are in, or the time for them is over.  What was not acknowledged is read again. */
static int finish_reload(struct agent *a, struct err *err)
{
	struct conf *old = a->conf;
	redrive_end(a);
	close_ship(a);
	tailer_rewind(a->tailer);
	if (a->next_conf) {
		bool same = same_sources(old, a->next_conf);
		if (!same)
			close_tailer(a);
		a->conf = a->next_conf;
		a->next_conf = NULL;
		(void)rules_free(a->rules);
		a->rules = a->next_rules;
		a->next_rules = NULL;
		a->loaded_real_ms = clock_real_ms();
		if (same)
			repoint_sources(a);
		(void)conf_free(old);
		log_setup(a->conf->log_level, a->conf->log_json);
	}
	int rc = a->tailer ? 0 : open_tailer(a, err);
	if (rc == 0)
		rc = open_ship(a, err);
	a->reload = false;
	if (rc == 0)
		announce_reloaded(a);
	return rc;
}

/* ---- the loop ---- */

static int64_t sooner(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static int64_t timeout(const struct agent *a, bool more)
{
	if (more)
		return 0;
	int64_t t = tailer_timeout(a->tailer, a->now_ms);
	if (!a->degraded)
		t = sooner(t, ship_timeout(a->ship, a->now_ms));
	else
		t = sooner(t, DEGRADED_MS);
	for (size_t i = 0; i < a->conf->nsources; i++) {
		if (a->feeds[i].stalled_ms > a->now_ms)
			t = sooner(t, a->feeds[i].stalled_ms - a->now_ms);
	}
	if (a->stopping || a->reload) {
		int64_t left = a->stop_ms + (int64_t)a->conf->drain_ms - a->now_ms;
		/* Over, and still here: the store takes no writes, or it would be done. */
		t = sooner(t, left > 0 ? left : DEGRADED_MS);
	}
	t = sooner(t, leases_timeout(a));
	return sooner(sooner(t, notify_interval_ms()), http_server_timeout(a->listen));
}

static int wait_for_work(struct agent *a, bool more, struct err *err)
{
	struct pollfd fds[3] = {
	        {tailer_fd(a->tailer), POLLIN, 0},
	        {a->signal_fd, POLLIN, 0},
	        {http_server_fd(a->listen), POLLIN, 0},
	};
	int64_t ms = timeout(a, more);
	rest_if_idle(a, ms);
	int rc = ship_wait(a->ship, fds, a->listen ? 3 : 2,
	                   ms < 0 ? -1 : (int)(ms > 60000 ? 60000 : ms));
	a->now_ms = clock_mono_ms();
	samples_take(a);
	lag_caught_up(a);
	carry_growth(a);
	return rc < 0 ? err_set(err, rc, "wait for events: %s", strerror(-rc)) : 0;
}

/* Every lane a batch at a time, beginning behind the one that was last.  Whether there is more. */
static bool fill(struct agent *a)
{
	bool more = false;
	size_t n = a->conf->nsources;
	if (a->stopping || a->reload || a->degraded)
		return false;
	size_t first = a->next_lane;
	for (size_t i = 0; i < n; i++) {
		size_t at = (first + i) % n;
		uint64_t before = a->feeds[at].in_flight;
		more = feed_fill(&a->feeds[at]) || more;
		if (a->feeds[at].in_flight > before)
			a->next_lane = (unsigned)((at + 1) % n);
	}
	/* What age has completed leaves something to settle. */
	if (ship_seal_old(a->ship, a->now_ms))
		more = true;
	return more;
}

/* One turn after waiting.  *ret_more: the next one is not to wait. */
static int turn(struct agent *a, bool *ret_more, struct err *err)
{
	take_signals(a);
	int rc = tailer_wake(a->tailer, a->now_ms, err);
	/* Not before: 'drain' is about rows that were written before it was asked. */
	http_server_run(a->listen);
	if (rc == 0)
		rc = ship_step(a->ship, a->now_ms, err);
	if (rc < 0)
		return rc;
	leases_apply(a);
	*ret_more = fill(a);
	bool stuck = a->degraded || commit_full(a); /* reading stopped for that */
	if (commit_write(a)) {
		redrive_runs(a);
		/* What was added now is to be noted, and then sent. */
		*ret_more = redrive_go_on(a) || ship_has_boundaries(a->ship) ||
		            (stuck && !commit_full(a)) || *ret_more;
	}
	/* Also with a store that takes no writes: what goes out then was stored before. */
	rc = ship_start(a->ship, a->now_ms, err);
	announce_state(a);
	notify_alive(a->now_ms);
	return rc;
}

static bool drained(const struct agent *a)
{
	return ship_in_flight(a->ship) == 0 || a->now_ms - a->stop_ms >= (int64_t)a->conf->drain_ms;
}

/* Out of memory or descriptors, most likely: no reason to end, and none to spin. */
static void trouble(struct agent *a, const struct err *err)
{
	unsigned long left_out;
	char more[LOG_MORE_SIZE];
	if (log_allowed(&a->trouble_limit, a->now_ms, 60000, &left_out))
		log_error("%s; going on in a second%s", err->text, log_more(left_out, more));
	(void)poll(NULL, 0, DEGRADED_MS);
	notify_alive(clock_mono_ms());
}

static int loop(struct agent *a, struct err *err)
{
	bool more = true;
	int rc = 0;
	while (rc == 0) {
		rc = wait_for_work(a, more, err);
		if (rc == 0)
			rc = turn(a, &more, err);
		if (a->stopping && drained(a))
			break;
		if (rc < 0) {
			trouble(a, err);
			rc = 0;
			continue;
		}
		if (a->reload && drained(a) && commit_write(a)) {
			rc = finish_reload(a, err);
			more = true;
		}
	}
	return rc;
}

int agent_run(struct conf *conf, bool dry_run)
{
	struct agent a = {.conf = conf, .dry_run = dry_run, .signal_fd = -1};
	struct err err = {0};
	a.now_ms = a.started_ms = clock_mono_ms();
	a.started_real_ms = a.loaded_real_ms = clock_real_ms();
	int rc = rules_load(&a.rules, &conf->rules, on_mistake, NULL);
	if (rc < 0) {
		log_error("the rules are wrong: not started; 'pmta-shipper check' tells the same");
		close_all(&a);
		return rc == -EINVAL ? CLI_EXIT_CONF : 1;
	}
	rc = open_all(&a, &err);
	if (rc == 0) {
		announce_start(&a);
		rc = loop(&a, &err);
	}
	if (rc == 0 && !commit_write(&a))
		log_error("what was acknowledged last could not be noted: it will be delivered "
		          "again after the next start, under the same eventIds");
	if (rc < 0)
		log_error("%s", err.text);
	else
		announce_stop(&a);
	close_all(&a);
	if (err.code == -EEXIST) /* the configuration has to say more */
		return CLI_EXIT_CONF;
	return rc < 0 ? 1 : 0;
}
