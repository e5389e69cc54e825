#include "agent/agent.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/impl.h"
#include "agent/open.h"
#include "agent/routes.h"
#include "base/clock.h"
#include "base/units.h"
#include "cli/cli.h"
#include "rules/judge.h"
#include "service/notify.h"

#define DEGRADED_MS 1000
#define REST_MS 1000                 /* a wait of at least this long counts as idle */
#define REST_EVERY_MS INT64_C(10000) /* returning memory and taking it again costs page faults */

/* ---- signals ---- */

static void take_signals(struct agent *a)
{
	struct signalfd_siginfo info;
	while (read(a->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			if (!a->stopping)
				reload_begin(a);
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

/* ---- the loop ---- */

static int64_t timeout(const struct agent *a, bool more)
{
	if (more)
		return 0;
	int64_t t = tailer_timeout(a->tailer, a->now_ms);
	if (!a->commit.degraded)
		t = clock_sooner(t, ship_timeout(a->ship, a->now_ms));
	else
		t = clock_sooner(t, DEGRADED_MS);
	for (size_t i = 0; i < a->conf->nsources; i++) {
		if (a->feeds[i].stalled_ms > a->now_ms)
			t = clock_sooner(t, a->feeds[i].stalled_ms - a->now_ms);
	}
	if (a->stopping || a->reload.under_way) {
		int64_t left = a->stop_ms + (int64_t)a->conf->drain_ms - a->now_ms;
		/* The time is over and the agent still runs: the store cannot be written. */
		t = clock_sooner(t, left > 0 ? left : DEGRADED_MS);
	}
	t = clock_sooner(t, leases_timeout(&a->leases, a->now_ms));
	return clock_sooner(clock_sooner(t, notify_interval_ms()),
	                    http_server_timeout(a->control.server));
}

/* An idle agent returns the memory that a burst left in the allocator. */
static void rest_if_idle(struct agent *a, int64_t wait_ms)
{
	if (wait_ms < REST_MS || a->now_ms - a->rested_ms < REST_EVERY_MS)
		return;
	(void)malloc_trim(0);
	a->rested_ms = a->now_ms;
}

static void note_caught_up(struct agent *a)
{
	for (size_t i = 0; i < a->conf->nsources; i++) {
		if (feed_idle(&a->feeds[i]))
			a->lags[i].caught_up_ms = a->now_ms;
	}
}

static int wait_for_work(struct agent *a, bool more, struct err *err)
{
	struct pollfd fds[3] = {
	        {tailer_fd(a->tailer), tailer_listens(a->tailer, a->now_ms) ? POLLIN : 0, 0},
	        {a->signal_fd, POLLIN, 0},
	        {http_server_fd(a->control.server), POLLIN, 0},
	};
	int64_t ms = timeout(a, more);
	rest_if_idle(a, ms);
	int rc = ship_wait(a->ship, fds, a->control.server ? 3 : 2,
	                   ms < 0 ? -1 : (int)(ms > 60000 ? 60000 : ms));
	a->now_ms = clock_mono_ms();
	samples_take(&a->samples, a->now_ms);
	note_caught_up(a);
	return rc < 0 ? err_set(err, rc, "wait for events: %s", strerror(-rc)) : 0;
}

/* Fills a batch per feed, from the one after the last.  Returns true if there is more to do. */
static bool fill(struct agent *a)
{
	bool more = false;
	size_t n = a->conf->nsources;
	if (a->stopping || a->reload.under_way || a->commit.degraded)
		return false;
	size_t first = a->next_feed;
	for (size_t i = 0; i < n; i++) {
		size_t at = (first + i) % n;
		uint64_t before = a->feeds[at].in_flight;
		more = feed_fill(&a->feeds[at], a->now_ms) || more;
		if (a->feeds[at].in_flight > before)
			a->next_feed = (unsigned)((at + 1) % n);
	}
	/* Batches sealed for their age leave rows to settle. */
	if (ship_seal_old(a->ship, a->now_ms))
		more = true;
	return more;
}

/* One turn after waiting.  *ret_more: do not wait before the next one. */
static int turn(struct agent *a, bool *ret_more, struct err *err)
{
	take_signals(a);
	int rc = tailer_wake(a->tailer, a->now_ms, err);
	/* After tailer_wake(): 'drain' covers the rows that were written before it asked. */
	routes_look(a);
	http_server_run(a->control.server);
	if (rc == 0)
		rc = ship_step(a->ship, a->now_ms, err);
	if (rc < 0)
		return rc;
	leases_apply(&a->leases, a->now_ms);
	*ret_more = fill(a);
	/* Either of these stops reading. */
	bool stuck = a->commit.degraded || commit_full(&a->commit);
	if (commit_write(&a->commit, a->now_ms)) {
		bool more = !a->stopping && !a->reload.under_way &&
		            redrive_turn(&a->redrive, a->now_ms);
		/* Batches added now are to be stored in the next turn, and then sent. */
		*ret_more = more || ship_has_boundaries(a->ship) ||
		            (stuck && !commit_full(&a->commit)) || *ret_more;
	}
	/* Also when the store cannot be written: only batches stored earlier are sent then. */
	rc = ship_start(a->ship, a->now_ms, err);
	announce_state(a);
	notify_alive(a->now_ms);
	return rc;
}

static bool drained(const struct agent *a)
{
	return ship_in_flight(a->ship) == 0 || a->now_ms - a->stop_ms >= (int64_t)a->conf->drain_ms;
}

/* Probably out of memory or descriptors: no reason to end, and none to spin. */
static void trouble(struct agent *a, const struct err *err)
{
	unsigned long left_out;
	char more[LOG_MORE_SIZE];
	if (log_allowed(&a->trouble_limit, a->now_ms, 60000, &left_out))
		log_error("%s; continuing in a second%s", err->text, log_more(left_out, more));
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
		if (a->commit.over)
			return err_set(err, -EBUSY,
			               "the store in \"%s\" is no longer this agent's: ending, "
			               "nothing is lost",
			               a->conf->state_dir);
		if (a->stopping && drained(a))
			break;
		if (rc < 0) {
			trouble(a, err);
			rc = 0;
			continue;
		}
		if (a->reload.under_way && drained(a) && commit_write(&a->commit, a->now_ms)) {
			rc = reload_finish(a, err);
			more = true;
		}
	}
	return rc;
}

static void on_mistake(const struct file_mistake *m, void *arg)
{
	(void)arg;
	log_error("%s", m->line);
}

static void end(struct agent *a)
{
	close_all(a);
	reload_close(&a->reload);
}

int agent_run(struct conf *conf, const struct agent_options *options)
{
	struct agent a = {.options = *options, .conf = conf, .signal_fd = -1};
	struct err err = {0};
	a.now_ms = a.started_ms = clock_mono_ms();
	a.started_real_ms = a.reload.loaded_real_ms = clock_real_ms();
	int rc = rules_load(&a.rules, &conf->rules, on_mistake, NULL);
	if (rc < 0) {
		log_error(
		        "the rules have errors: not started; 'pmta-shipper check' shows the same");
		end(&a);
		return rc == -EINVAL ? CLI_EXIT_CONF : 1;
	}
	rc = open_all(&a, &err);
	if (rc == 0) {
		announce_start(&a);
		rc = loop(&a, &err);
	}
	a.commit.look_ms = 0; /* now: afterwards nobody looks */
	if (rc == 0 && !commit_write(&a.commit, a.now_ms))
		log_error("the last acknowledgements could not be stored: their records will be "
		          "delivered again after the next start, under the same eventIds");
	if (rc < 0)
		log_error("%s", err.text);
	else
		announce_stop(&a);
	end(&a);
	if (err.code == -EEXIST) /* the configuration must be more specific */
		return CLI_EXIT_CONF;
	return rc < 0 ? 1 : 0;
}
