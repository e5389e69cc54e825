#include "agent/leases.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/units.h"
#include "ship/lease.h"

#define ASK_SOON_MS 100 /* the agent's requests above its share are about to end */
#define TURN_MS 1000    /* with in-flight = 1, the one request changes hands at this interval */
#define ASK_TURN_MS 250
#define ASK_LATER_MS 2000 /* the endpoint takes nothing at the moment */

static struct lease *lease_of(struct leases *l, const char *endpoint)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->all[i].endpoint, endpoint) == 0)
			return &l->all[i];
	}
	return NULL;
}

static ssize_t endpoint_named(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->nendpoints; i++) {
		if (strcmp(conf->endpoints[i].name, name) == 0)
			return (ssize_t)i;
	}
	return -1;
}

static void end_lease(struct leases *l, struct lease *lease)
{
	ssize_t i = endpoint_named(l->conf, lease->endpoint);
	log_info("endpoint \"%s\": the replay has ended; the agent uses the full limits again",
	         lease->endpoint);
	if (i >= 0)
		ship_share(l->ship, (size_t)i, l->conf->endpoints[i].in_flight, false);
	*lease = l->all[--l->n];
}

void leases_apply(struct leases *l, int64_t now_ms)
{
	for (size_t n = l->n; n-- > 0;) {
		struct lease *lease = &l->all[n];
		ssize_t i = endpoint_named(l->conf, lease->endpoint);
		if (i < 0 || now_ms >= lease->until_ms) {
			end_lease(l, lease);
			continue;
		}
		/* Set in each turn, because a reload replaces the ship. */
		unsigned all = l->conf->endpoints[i].in_flight;
		ship_share(l->ship, (size_t)i, lease->theirs < all ? all - lease->theirs : 0, true);
	}
}

int64_t leases_timeout(const struct leases *l, int64_t now_ms)
{
	int64_t left = -1;
	for (size_t i = 0; i < l->n; i++) {
		int64_t t = l->all[i].until_ms - now_ms;
		if (left < 0 || t < left)
			left = t > 0 ? t : 0;
	}
	return left;
}

/* The replay's share of requests: half; of a single one, every other second. */
static unsigned part(const struct ship_conf *e, const struct ship_status *s, int64_t now_ms)
{
	if (e->in_flight > 1)
		return e->in_flight / 2;
	return s->records == 0 || now_ms / TURN_MS % 2 == 0;
}

/* Returns why the replay may have no request now, or NULL. */
static const char *refusal(const struct ship_conf *e, const struct ship_status *s)
{
	if (e->requests_per_minute == 1)
		return "requests-per-minute is 1, which cannot be shared";
	return s->state == SHIP_OK ? NULL : ship_state_name(s->state);
}

static void decide(const struct leases *l, size_t i, unsigned flying, int64_t now_ms,
                   struct lease *lease, struct share *ret)
{
	const struct ship_conf *e = &l->conf->endpoints[i];
	struct ship_status s;
	ship_status(l->ship, i, &s);
	const char *no = refusal(e, &s);
	unsigned want = no ? 0 : part(e, &s, now_ms);
	unsigned room = s.in_flight < e->in_flight ? e->in_flight - s.in_flight : 0;
	ret->slots = want < room ? want : room;
	ret->half = true;
	ret->ask_ms = no                  ? ASK_LATER_MS
	              : e->in_flight == 1 ? ASK_TURN_MS
	              : ret->slots < want ? ASK_SOON_MS
	                                  : SHARE_ASK_MS;
	if (no)
		(void)snprintf(ret->why, sizeof(ret->why), "%s%s%s", no,
		               s.last_error[0] ? ": " : "", s.last_error);
	lease->theirs = flying > want ? flying : want;
	lease->until_ms = now_ms + SHARE_LEASE_MS;
}

char *leases_reply(struct leases *l, const struct http_server_request *request, int64_t now_ms)
{
	uint64_t flying = 0;
	const char *name = http_server_query(request, "endpoint");
	const char *n = http_server_query(request, "flying");
	ssize_t i = name ? endpoint_named(l->conf, name) : -1;
	if (i < 0 || !n || !units_number(n, &flying) || flying > 100000 ||
	    strlen(name) >= sizeof(l->all[0].endpoint))
		return strdup("1\nthere is no such endpoint here\n");
	struct lease *lease = lease_of(l, name);
	if (http_server_query(request, "end")) {
		if (lease)
			end_lease(l, lease);
		return strdup("0\n");
	}
	if (!lease && l->n == LEASES_MAX)
		return strdup("1\ntoo many endpoints are shared already\n");
	if (!lease) {
		lease = &l->all[l->n++];
		(void)snprintf(lease->endpoint, sizeof(lease->endpoint), "%s", name);
		log_info("endpoint \"%s\": a replay has started and shares this endpoint's limits",
		         name);
	}
	struct share g = {0};
	decide(l, (size_t)i, (unsigned)flying, now_ms, lease, &g);
	leases_apply(l, now_ms);
	return share_text(&g);
}
