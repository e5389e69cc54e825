#include "agent/open.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/descriptors.h"
#include "agent/impl.h"
#include "agent/routes.h"
#include "base/fault.h"
#include "base/scope.h"
#include "base/text.h"
#include "base/units.h"
#include "service/signals.h"

/* ---- files ---- */

static void on_tail_note(enum tail_level level, const char *text, void *arg)
{
	static const enum log_level levels[] = {
	        [TAIL_INFO] = LOG_LEVEL_INFO,
	        [TAIL_WARNING] = LOG_LEVEL_WARNING,
	        [TAIL_ERROR] = LOG_LEVEL_ERROR,
	};
	announce_note(arg, levels[level], text);
}

/* Without a number, nothing is claimed later of the rows that are settled now. */
uint32_t open_selection(struct agent *a, size_t source)
{
	const struct strlist *records = &a->conf->sources[source].records;
	struct rules_view view = {0};
	struct text text;
	uint32_t number = 0;
	FILE *f = text_begin(&text);
	for (size_t i = 0; f && i < records->n; i++)
		(void)fprintf(f, "%s%s ", i == 0 ? " " : "", records->v[i]);
	scope_free char *types = text_end(&text);
	if (!types)
		return 0;
	if (a->rules)
		rules_view(a->rules, &view);
	const struct store_selection what = {types, view.digest};
	if (store_selection_put(a->store, &what, &number) < 0)
		log_warning(
		        "source \"%s\": its records and rules cannot be stored (%s): 'trace' will "
		        "not know which rows were skipped",
		        a->conf->sources[source].name, store_error(a->store));
	return number;
}

/* Sets the sources of the configuration in force, and the tailer's settings with them. */
static int tailer_settings(struct agent *a, struct tailer_conf *ret, struct err *err)
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
		        .selection = open_selection(a, i),
		};
	*ret = (struct tailer_conf){
	        .sources = a->tail_sources,
	        .nsources = c->nsources,
	        .store = a->store,
	        .line_max = c->record_max + 2,
	        .rescan_ms = c->rescan_ms,
	        .first = firsts[c->first_start],
	        .gone_max = TAIL_GONE_MAX,
	        .ahead = descriptors_ahead_here(c),
	};
	return 0;
}

int open_tailer(struct agent *a, struct err *err)
{
	struct tailer_conf conf;
	int rc = tailer_settings(a, &conf, err);
	return rc == 0 ? tailer_open(&a->tailer, &conf, on_tail_note, a, err) : rc;
}

/* After a reload that failed half-way, the counters are of another one: the agent ends. */
static size_t at_most(size_t n, size_t configured)
{
	return n < configured ? n : configured;
}

/* Keeps this tailer's counts, so that the next one continues from them: counters.h. */
static void keep_tail_counters(struct agent *a)
{
	size_t n = a->tailer && a->counters ? at_most(a->counters->nsources, a->conf->nsources) : 0;
	for (size_t i = 0; i < n; i++) {
		struct tail_status s;
		tailer_status(a->tailer, i, &s);
		counters_tail_close(&a->counters->sources[i], &s.counters);
	}
}

int reopen_tailer(struct agent *a, struct conf *conf, struct err *err)
{
	struct tail_source *sources = a->tail_sources;
	struct tailer_conf settings;
	keep_tail_counters(a);
	a->conf = conf;
	left_announce(&a->left, conf, a->store, a->now_ms);
	int rc = tailer_settings(a, &settings, err);
	if (rc == 0)
		rc = tailer_reload(&a->tailer, &settings, a->now_ms, err);
	if (rc < 0) /* it has the sources of the configuration before */
		a->tailer = tailer_close(a->tailer);
	free(sources);
	return rc;
}

void close_tailer(struct agent *a)
{
	keep_tail_counters(a);
	a->tailer = tailer_close(a->tailer);
	free(a->tail_sources);
	a->tail_sources = NULL;
}

/* ---- endpoints, and the owners of the work on them ---- */

static void on_done(const struct ship_done *done, void *arg)
{
	struct agent *a = arg;
	struct tally tally;
	fault_point("after-answer");
	if (done->dead != 0) {
		redrive_answered(&a->redrive, done);
		commit_redriven(&a->commit, done);
		return;
	}
	if (commit_done(&a->commit, done, a->now_ms, &tally) == 0) {
		feed_done(&a->feeds[done->lane], done, &tally);
		return;
	}
	/* The answer cannot be recorded: a reload, or the next start, sends the rows again. */
	log_error("out of memory: %zu delivered record%s of \"%s\" cannot be recorded and will be "
	          "sent again",
	          done->n, units_s(done->n), tail_file_name(done->tag.owner));
	if (!a->reload.under_way)
		a->stop_ms = a->now_ms; /* requests in flight may end first */
	a->reload.under_way = true;
}

static void on_lifted(size_t endpoint, int64_t run, void *arg)
{
	struct agent *a = arg;
	redrive_lifted(&a->redrive, endpoint, run);
}

static void on_ship_note(bool problem, const char *text, void *arg)
{
	announce_note(arg, problem ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, text);
}

static void on_letter_warning(const char *text, void *arg)
{
	announce_note(arg, LOG_LEVEL_WARNING, text);
}

/* Counters of the same names continue under the new configuration. */
static int open_counters(struct agent *a, struct err *err)
{
	struct counters *counters;
	if (counters_open(&counters, a->conf, a->counters) < 0)
		return err_set(err, -ENOMEM, "set up counters: out of memory");
	(void)counters_close(a->counters);
	a->counters = counters;
	for (size_t i = 0; i < counters->nsources; i++) {
		struct tail_status s;
		tailer_status(a->tailer, i, &s);
		counters_tail_open(&counters->sources[i], &s.counters);
	}
	for (size_t i = 0; i < counters->nendpoints; i++)
		ship_set_meter(a->ship, i, &counters->endpoints[i].meter);
	return 0;
}

/* Sets what the owners borrow; their own fields stay. */
static void lend(struct agent *a)
{
	a->memory.conf = a->commit.conf = a->redrive.conf = a->leases.conf = a->samples.conf =
	        a->conf;
	a->memory.store = a->commit.store = a->redrive.store = a->store;
	a->memory.ship = a->commit.ship = a->redrive.ship = a->leases.ship = a->ship;
	a->commit.tailer = a->tailer;
	a->commit.memory = a->redrive.memory = &a->memory;
	a->commit.lags = a->lags;
	a->redrive.rules = a->rules;
	a->redrive.warn = on_letter_warning;
	a->redrive.arg = a;
	a->samples.tailer = a->tailer;
	a->samples.ship = a->ship;
	a->samples.feeds = a->feeds;
	a->samples.counters = a->counters;
}

/* Loads the owners' state from the store. */
static int open_owners(struct agent *a, struct err *err)
{
	int rc = boundaries_load(&a->boundaries, a->conf, a->rules, a->store, a->now_ms);
	if (rc == 0)
		rc = endpoint_memory_open(&a->memory, a->now_ms);
	if (rc == 0)
		rc = commit_open(&a->commit);
	if (rc == 0)
		rc = redrive_open(&a->redrive);
	for (size_t i = 0; rc == 0 && i < a->conf->nsources; i++)
		rc = lag_load(&a->lags[i], a->store, a->conf->sources[i].name);
	return rc < 0 ? err_set(err, rc, "read the store: %s", store_error(a->store)) : 0;
}

static int open_feeds(struct agent *a, struct err *err)
{
	const struct feed_parts parts = {
	        .conf = a->conf,
	        .tailer = a->tailer,
	        .ship = a->ship,
	        .rules = a->rules,
	        .commit = &a->commit,
	        .boundaries = &a->boundaries,
	        .counters = a->counters,
	        .lags = a->lags,
	};
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < a->conf->nsources; i++)
		rc = feed_open(&a->feeds[i], &parts, i, err);
	return rc;
}

int open_ship(struct agent *a, struct err *err)
{
	const struct ship_hooks hooks = {on_done, on_lifted, on_ship_note, a, a->options.dry_run};
	const struct conf *c = a->conf;
	int rc = ship_open(&a->ship, c->endpoints, c->nendpoints, c->nsources, &hooks, err);
	if (rc == 0)
		rc = open_counters(a, err);
	if (rc < 0)
		return rc;
	a->feeds = calloc(c->nsources, sizeof(*a->feeds));
	a->lags = calloc(c->nsources, sizeof(*a->lags));
	if (!a->feeds || !a->lags)
		return err_set(err, -ENOMEM, "set up sources: out of memory");
	lend(a);
	rc = open_owners(a, err);
	if (rc == 0)
		rc = open_feeds(a, err);
	return rc == 0 ? samples_open(&a->samples, a->now_ms, err) : rc;
}

/* Keeps this ship's counts, so that the next one continues from them: counters.h. */
static void keep_meters(struct agent *a)
{
	size_t n = a->ship && a->counters ? at_most(a->counters->nendpoints, a->conf->nendpoints)
	                                  : 0;
	for (size_t i = 0; i < n; i++) {
		struct ship_status s;
		ship_status(a->ship, i, &s);
		a->counters->endpoints[i].meter = s.meter;
	}
}

void close_ship(struct agent *a)
{
	keep_meters(a);
	for (size_t i = 0; a->feeds && i < a->conf->nsources; i++)
		feed_close(&a->feeds[i]);
	free(a->feeds);
	free(a->lags);
	a->feeds = NULL;
	a->lags = NULL;
	a->ship = ship_close(a->ship);
}

/* ---- everything ---- */

/*
 * With a new store, while another program reads the same files, rows that it has delivered would be
 * sent again, and rows that arrive twice turn soft bounces into hard ones: the operator has to
 * decide where to begin.
 */
static int refuse_double(const struct agent *a, struct err *err)
{
	char where[512];
	int64_t started, last;
	if (a->conf->first_start_set || a->options.dry_run || !a->options.other_reader)
		return 0;
	/* The sections of a store that is not new may have other names by now. */
	if (store_last_file(a->store, &last) == 0 && last > 0)
		return 0;
	for (size_t i = 0; i < a->conf->nsources; i++) {
		int rc = store_get(a->store, a->conf->sources[i].name, "started", 0, &started);
		if (rc < 0 || started)
			return rc < 0 ? err_set(err, rc, "read the store: %s",
			                        store_error(a->store))
			              : 0;
	}
	if (!a->options.other_reader(a->conf, where, sizeof(where)))
		return 0;
	return err_set(
	        err, -EEXIST,
	        "Logstash is set up on this host to read the same files (\"%s\"): rows would be "
	        "delivered twice; stop Logstash and import its positions with 'pmta-shipper "
	        "import-sincedb SINCEDB', or set first-start in \"%s\" (now: after the last "
	        "complete line; live: live files from their beginning; all)",
	        where, a->conf->path);
}

int open_all(struct agent *a, struct err *err)
{
	const char *store = a->options.dry_run ? "dry-run" : "state";
	int rc = signals_open(&a->signal_fd, err);
	if (rc == 0)
		rc = store_open(&a->store, a->conf->state_dir, store, err);
	if (rc == 0 && !a->options.dry_run)
		rc = control_take(&a->control, a->conf, err);
	if (rc == 0)
		rc = refuse_double(a, err);
	if (rc == 0)
		left_announce(&a->left, a->conf, a->store, a->now_ms);
	if (rc == 0)
		rc = open_tailer(a, err);
	if (rc == 0)
		rc = open_ship(a, err);
	if (rc == 0 && !a->options.dry_run)
		routes_open(a);
	return rc;
}

void close_all(struct agent *a)
{
	control_close(&a->control);
	redrive_close(&a->redrive);
	close_ship(a);
	samples_close(&a->samples);
	commit_close(&a->commit);
	boundaries_close(&a->boundaries);
	endpoint_memory_close(&a->memory);
	close_tailer(a);
	a->counters = counters_close(a->counters);
	a->store = store_close(a->store);
	if (a->signal_fd >= 0)
		(void)close(a->signal_fd);
	a->conf = conf_free(a->conf);
	a->rules = rules_free(a->rules);
}
