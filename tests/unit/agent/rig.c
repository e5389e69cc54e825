/* Implements rig.h: the agent's parts connected, and memory that runs out. */
#include "tests/unit/agent/rig.h"

#include <dlfcn.h>

struct fixture fx;

/* ---- memory: these replace libc's functions ---- */

size_t memory_left = SIZE_MAX;

#define LIBC(name)                                                                                 \
	static __typeof__(&name) libc;                                                             \
	if (!libc)                                                                                 \
		*(void **)&libc = dlsym(RTLD_NEXT, #name);

static bool spent(void)
{
	if (memory_left == SIZE_MAX)
		return false;
	return memory_left == 0 || memory_left-- == 0;
}

void *realloc(void *p, size_t size)
{
	LIBC(realloc)
	return spent() ? NULL : libc(p, size);
}

void *reallocarray(void *p, size_t n, size_t size)
{
	size_t all;
	return __builtin_mul_overflow(n, size, &all) ? NULL : realloc(p, all);
}

/* ---- opening and closing ---- */

static void on_tail_note(enum tail_level level, const char *text, void *arg)
{
	(void)arg;
	if (level == TAIL_ERROR)
		log_error("%s", text);
}

static void on_ship_note(bool problem, const char *text, void *arg)
{
	(void)arg;
	if (problem)
		log_warning("%s", text);
}

static void on_letter_warning(const char *text, void *arg)
{
	(void)arg;
	size_t n = strlen(fx.warnings);
	(void)snprintf(fx.warnings + n, sizeof(fx.warnings) - n, "%s\n", text);
}

/* A report is valid during the call only, so all of it is copied. */
static void on_done(const struct ship_done *done, void *arg)
{
	(void)arg;
	const struct ship_item *last = &done->items[done->n - 1];
	size_t body_len = last->body_start + last->body_len;
	if (fx.nreports == fx.reports_room) {
		fx.reports_room = fx.reports_room ? 2 * fx.reports_room : 16;
		fx.reports = reallocarray(fx.reports, fx.reports_room, sizeof(*fx.reports));
		assert_non_null(fx.reports);
	}
	struct report *r = &fx.reports[fx.nreports++];
	r->done = *done;
	r->done.items = r->items = calloc(done->n, sizeof(*r->items));
	r->done.body = r->body = malloc(body_len + 1);
	assert_true(r->items && r->body);
	memcpy(r->items, done->items, done->n * sizeof(*r->items));
	memcpy(r->body, done->body, body_len);
	r->body[body_len] = '\0';
	r->done.why = "";
	r->done.answer = SLICE_EMPTY;
}

static void on_lifted(size_t endpoint, int64_t run_, void *arg)
{
	(void)arg;
	redrive_lifted(&fx.redrive, endpoint, run_);
}

static void forget_report(size_t i)
{
	free(fx.reports[i].items);
	free(fx.reports[i].body);
	memmove(&fx.reports[i], &fx.reports[i + 1], (--fx.nreports - i) * sizeof(*fx.reports));
}

static void open_tailer_of_rig(void)
{
	struct err err = {0};
	fx.tail_source = (struct tail_source){.name = fx.source.name,
	                                      .acct_file = fx.source.acct_file,
	                                      .move_to = fx.source.move_to,
	                                      .fair = fx.source.fair};
	const struct tailer_conf conf = {.sources = &fx.tail_source,
	                                 .nsources = 1,
	                                 .store = fx.store,
	                                 .line_max = fx.conf.record_max + 2,
	                                 .rescan_ms = 30000,
	                                 .first = TAIL_FIRST_ALL,
	                                 .gone_max = TAIL_GONE_MAX};
	if (tailer_open(&fx.tailer, &conf, on_tail_note, NULL, &err) < 0)
		fail_msg("%s", err.text);
}

static void open_owners(void)
{
	fx.memory.conf = fx.commit.conf = fx.redrive.conf = &fx.conf;
	fx.memory.store = fx.commit.store = fx.redrive.store = fx.store;
	fx.memory.ship = fx.commit.ship = fx.redrive.ship = fx.ship;
	fx.commit.tailer = fx.tailer;
	fx.commit.lags = &fx.lag;
	fx.commit.memory = fx.redrive.memory = &fx.memory;
	fx.redrive.rules = fx.rules;
	fx.redrive.warn = on_letter_warning;
	assert_int_equal(boundaries_load(&fx.boundaries, &fx.conf, fx.rules, fx.store, fx.now_ms),
	                 0);
	assert_int_equal(endpoint_memory_open(&fx.memory, fx.now_ms), 0);
	assert_int_equal(commit_open(&fx.commit), 0);
	assert_int_equal(redrive_open(&fx.redrive), 0);
	assert_int_equal(lag_load(&fx.lag, fx.store, fx.source.name), 0);
}

static void open_ship_of_rig(void)
{
	struct err err = {0};
	const struct ship_hooks hooks = {.on_done = on_done,
	                                 .on_lifted = on_lifted,
	                                 .on_note = on_ship_note,
	                                 .dry_run = true};
	if (ship_open(&fx.ship, &fx.endpoint, 1, 1, &hooks, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(counters_open(&fx.counters, &fx.conf, NULL), 0);
	open_owners();
	const struct feed_parts parts = {.conf = &fx.conf,
	                                 .tailer = fx.tailer,
	                                 .ship = fx.ship,
	                                 .rules = fx.rules,
	                                 .commit = &fx.commit,
	                                 .boundaries = &fx.boundaries,
	                                 .counters = fx.counters,
	                                 .lags = &fx.lag};
	assert_int_equal(feed_open(&fx.feed, &parts, 0, &err), 0);
}

static void close_ship_of_rig(void)
{
	while (fx.nreports > 0)
		forget_report(fx.nreports - 1);
	feed_close(&fx.feed);
	fx.counters = counters_close(fx.counters);
	fx.ship = ship_close(fx.ship);
}

void start(void)
{
	struct err err = {0};
	if (store_open(&fx.store, temp_path("state"), "state", &err) < 0)
		fail_msg("%s", err.text);
	open_tailer_of_rig();
	open_ship_of_rig();
}

void stop(void)
{
	redrive_close(&fx.redrive);
	close_ship_of_rig();
	commit_close(&fx.commit);
	boundaries_close(&fx.boundaries);
	endpoint_memory_close(&fx.memory);
	fx.commit = (struct commit){0};
	fx.redrive = (struct redrive){0};
	fx.feed = (struct feed){0};
	fx.tailer = tailer_close(fx.tailer);
	fx.store = store_close(fx.store);
}

void restart(void)
{
	stop();
	start();
}

void reload(void)
{
	redrive_end(&fx.redrive);
	close_ship_of_rig();
	tailer_rewind(fx.tailer);
	open_ship_of_rig();
}

int setup(void **state)
{
	static char name[] = "bounces", octeth[] = "octeth", url[] = "http://127.0.0.1:9/x",
	            type[] = "logType", empty[] = "", b[] = "b";
	static char acct[128], dir[128];
	static char *types[] = {b};
	if (temp_setup(state) < 0)
		return -1;
	log_setup(LOG_LEVEL_WARNING, false);
	memory_left = SIZE_MAX;
	(void)snprintf(acct, sizeof(acct), "%s/" LIVE, temp_dir);
	(void)snprintf(dir, sizeof(dir), "%s/state", temp_dir);
	fx = (struct fixture){.now_ms = 1000000};
	fx.endpoint = (struct ship_conf){.name = octeth,
	                                 .url = url,
	                                 .format = SHIP_ARRAY,
	                                 .signature_file = empty,
	                                 .token_file = empty,
	                                 .batch_records = 2,
	                                 .batch_bytes = 4096,
	                                 .batch_age_ms = AGE_MS,
	                                 .in_flight = 4,
	                                 .connect_timeout_ms = 5000,
	                                 .timeout_ms = 5000,
	                                 .retry_min_ms = 1000,
	                                 .retry_max_ms = 8000,
	                                 .hold_interval_ms = 60000,
	                                 .type_field = type,
	                                 .refuse_limit = 3,
	                                 .ca_file = empty,
	                                 .client_cert = empty,
	                                 .client_key = empty,
	                                 .proxy = empty,
	                                 .allow_http = true};
	fx.source = (struct conf_source){.name = name,
	                                 .acct_file = acct,
	                                 .move_to = empty,
	                                 .records = {types, 1},
	                                 .endpoint_name = octeth};
	fx.conf = (struct conf){.state_dir = dir,
	                        .record_max = 2000,
	                        .dead_max_records = 1000,
	                        .dead_max_bytes = 1 << 20,
	                        .sources = &fx.source,
	                        .nsources = 1,
	                        .endpoints = &fx.endpoint,
	                        .nendpoints = 1};
	return 0;
}

int teardown(void **state)
{
	memory_left = SIZE_MAX;
	stop();
	free(fx.reports);
	fx.reports = NULL;
	fx.rules = rules_free(fx.rules);
	return temp_teardown(state);
}

/* ---- the loop, phase by phase ---- */

void wake(void)
{
	struct err err = {0};
	fx.now_ms += 10;
	if (tailer_wake(fx.tailer, fx.now_ms, &err) < 0)
		fail_msg("%s", err.text);
}

void fill(void)
{
	while (feed_fill(&fx.feed, fx.now_ms))
		;
}

void grow_old(void)
{
	fx.now_ms += AGE_MS;
	(void)ship_seal_old(fx.ship, fx.now_ms);
	fill(); /* settles the lines after the batch */
}

void commit(void)
{
	assert_true(commit_write(&fx.commit, fx.now_ms));
}

void send_out(void)
{
	struct err err = {0};
	if (ship_start(fx.ship, fx.now_ms, &err) < 0)
		fail_msg("%s", err.text);
}

void turn(void)
{
	wake();
	fill();
	commit();
	send_out();
}

void answer(size_t i, enum ship_outcome outcome)
{
	struct tally tally;
	struct ship_done *done = &fx.reports[i].done;
	done->outcome = outcome;
	if (outcome != SHIP_ACCEPTED) {
		done->why = "no";
		done->status = 422;
		done->answer = slice_of("an answer");
		done->nfailed = done->n;
	}
	if (done->dead != 0) {
		redrive_answered(&fx.redrive, done);
		commit_redriven(&fx.commit, done);
	} else {
		assert_int_equal(commit_done(&fx.commit, done, fx.now_ms, &tally), 0);
		feed_done(&fx.feed, done, &tally);
	}
	forget_report(i);
}

void answer_all(void)
{
	while (fx.nreports > 0)
		answer(0, SHIP_ACCEPTED);
}

void run(void)
{
	int turns = 0;
	do {
		turn();
		grow_old();
		commit();
		send_out();
		answer_all();
		commit();
		assert_true(++turns < 1000);
	} while (!feed_idle(&fx.feed));
}
