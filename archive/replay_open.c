/* Opening a replay: signals, its ship, and the check if anything may be sent at all. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "archive/replay.h"
#include "base/clock.h"
#include "state/store.h"

/*
 * The agent's store records if the endpoint has ever accepted anything at this url.  Without that,
 * the first refusal would hold an endpoint that has worked for months.
 */
static void remember(struct replay *r, struct store *store, size_t i)
{
	const struct ship_conf *e = &r->conf->endpoints[i];
	char scope[80], url[HASH_HEX_SIZE], known[HASH_HEX_SIZE];
	int64_t accepted, paused;
	struct hash128 h = hash_bytes(e->url, strlen(e->url));
	hash_hex(&h, url);
	(void)snprintf(scope, sizeof(scope), "endpoint:%s", e->name);
	if (store_get_text(store, scope, "url", known, sizeof(known)) < 0 ||
	    store_get(store, scope, "accepted", 0, &accepted) < 0)
		return;
	const struct ship_memory m = {.ever_accepted = accepted && strcmp(url, known) == 0};
	ship_set_memory(r->ship, i, &m);
	if (store_get(store, scope, "paused", 0, &paused) == 0 && paused)
		ship_pause(r->ship, i, true, r->now_ms);
}

static int open_ship(struct replay *r, struct err *err)
{
	const struct ship_hooks hooks = replay_hooks(r);
	struct store *store = NULL;
	const struct conf *c = r->conf;
	int rc = ship_open(&r->ship, c->endpoints, c->nendpoints, c->nsources, &hooks, err);
	if (rc < 0 || store_open_reader(&store, c->state_dir, &(struct err){0}) < 0)
		return rc; /* no store: no agent has run here */
	for (size_t i = 0; i < c->nendpoints; i++)
		remember(r, store, i);
	(void)store_close(store);
	return 0;
}

/* A running agent decides itself how much it shares; without one, a pause still applies. */
static int check_pause(struct replay *r, size_t e, struct err *err)
{
	struct ship_status s;
	const char *name = r->conf->endpoints[e].name;
	ship_status(r->ship, e, &s);
	if (s.state == SHIP_PAUSED && !r->shares[e].agent)
		return err_set(
		        err, -EBUSY,
		        "endpoint \"%s\" is paused: nothing is sent; start the service and run "
		        "'pmta-shipper resume %s'",
		        name, name);
	ship_pause(r->ship, e, false, r->now_ms);
	return 0;
}

/* Asks for each endpoint in use if anything may be sent to it. */
static int first_ask(struct replay *r, struct err *err)
{
	for (size_t i = 0; i < r->conf->nendpoints; i++)
		r->ask_ms[i] = -1;
	for (size_t i = 0; i < r->files.n; i++) {
		size_t e = r->files.v[i].source->endpoint;
		const struct ship_conf *conf = &r->conf->endpoints[e];
		if (r->files.v[i].done || r->ask_ms[e] >= 0)
			continue;
		if (!conf->url[0])
			return err_set(err, -EDESTADDRREQ,
			               "endpoint \"%s\" is not configured yet: set url in \"%s\"",
			               conf->name, r->conf->path);
		replay_ask(r, e);
		if (r->shares[e].unasked)
			return err_set(
			        err, -EBUSY,
			        "an agent runs but does not answer how much of endpoint \"%s\" may "
			        "be used (%.200s): nothing is sent; check runtime-dir, or stop the "
			        "agent",
			        conf->name, r->shares[e].why);
		int rc = check_pause(r, e, err);
		if (rc < 0)
			return rc;
		replay_use_share(r, e);
	}
	return 0;
}

int replay_open(struct replay *r, struct err *err)
{
	sigset_t set;
	size_t n = r->conf->nendpoints;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	r->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (r->signal_fd < 0)
		return err_set(err, -errno, "open signalfd: %m");
	r->now_ms = r->started_ms = r->saved_ms = clock_mono_ms();
	progress_open(&r->bar, "replay", r->now_ms);
	r->shares = calloc(n, sizeof(*r->shares));
	r->ask_ms = calloc(n, sizeof(*r->ask_ms));
	if (!r->shares || !r->ask_ms)
		return err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < r->files.n; i++)
		r->bytes_total += r->files.v[i].bytes;
	int rc = open_ship(r, err);
	return rc == 0 ? first_ask(r, err) : rc;
}

void replay_close(struct replay *r)
{
	progress_clear(&r->bar);
	if (r->dirty)
		replay_save(r);
	r->ship = ship_close(r->ship);
	/* Requests in flight were aborted above. */
	for (size_t i = 0; r->ask_ms && i < r->conf->nendpoints; i++) {
		if (r->ask_ms[i] >= 0 && r->shares[i].agent && !r->shares[i].unasked)
			lease_ask(&r->shares[i], r->conf, i, 0, true);
	}
	free(r->shares);
	free(r->ask_ms);
	if (r->signal_fd >= 0)
		(void)close(r->signal_fd);
}
