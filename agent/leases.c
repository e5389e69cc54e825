/*
 * Both sides of sharing an endpoint with a replay.
 *
 * Why nothing is ever exceeded: at each question A requests of the agent and F of the replay are
 * under way, A + F <= in-flight.  The agent grants G <= in-flight - A, and starts nothing beyond
 * in-flight - max(F, G) from then on; the replay starts nothing beyond G.  What the agent still has
 * above its part ends, and the next question finds the room.
 */
#include "agent/leases.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "base/units.h"
#include "base/utf8.h"
#include "cli/ask.h"
#include "service/http_server.h"

#define ASK_MS 1000     /* a lease is renewed that often */
#define ASK_SOON_MS 100 /* the agent's requests above its part are about to end */
#define TURN_MS 1000    /* with in-flight = 1 the one request changes hands that often */
#define ASK_TURN_MS 250
#define ASK_LATER_MS 2000 /* the endpoint takes nothing at the moment */

/* ---- the agent's side ---- */

static struct lease *lease_of(struct agent *a, const char *endpoint)
{
	for (size_t i = 0; i < a->nleases; i++) {
		if (strcmp(a->leases[i].endpoint, endpoint) == 0)
			return &a->leases[i];
	}
	return NULL;
}

static ssize_t endpoint_named(const struct agent *a, const char *name)
{
	for (size_t i = 0; i < a->conf->nendpoints; i++) {
		if (strcmp(a->conf->endpoints[i].name, name) == 0)
			return (ssize_t)i;
	}
	return -1;
}

static void end_lease(struct agent *a, struct lease *l)
{
	ssize_t i = endpoint_named(a, l->endpoint);
	log_info("endpoint \"%s\": the replay is over, all of its limits are used again",
	         l->endpoint);
	if (i >= 0)
		ship_share(a->ship, (size_t)i, a->conf->endpoints[i].in_flight, false);
	*l = a->leases[--a->nleases];
}

void leases_apply(struct agent *a)
{
	for (size_t n = a->nleases; n-- > 0;) {
		struct lease *l = &a->leases[n];
		ssize_t i = endpoint_named(a, l->endpoint);
		if (i < 0 || a->now_ms >= l->until_ms) {
			end_lease(a, l);
			continue;
		}
		/* Anew each turn: after a reload it is another ship. */
		unsigned all = a->conf->endpoints[i].in_flight;
		ship_share(a->ship, (size_t)i, l->theirs < all ? all - l->theirs : 0, true);
	}
}

int64_t leases_timeout(const struct agent *a)
{
	int64_t left = -1;
	for (size_t i = 0; i < a->nleases; i++) {
		int64_t t = a->leases[i].until_ms - a->now_ms;
		if (left < 0 || t < left)
			left = t > 0 ? t : 0;
	}
	return left;
}

/* How many requests the replay should have: half, or the only one every other second. */
static unsigned part(const struct agent *a, const struct ship_conf *e, const struct ship_status *s)
{
	if (e->in_flight > 1)
		return e->in_flight / 2;
	return s->records == 0 || a->now_ms / TURN_MS % 2 == 0;
}

/* Why it may have none now, or NULL. */
static const char *refusal(const struct ship_conf *e, const struct ship_status *s)
{
	if (e->requests_per_minute == 1)
		return "requests-per-minute is 1, which cannot be shared";
	return s->state == SHIP_OK ? NULL : ship_state_name(s->state);
}

struct grant {
	unsigned slots;
	int64_t ask_ms;
	char why[320];
};

static void decide(const struct agent *a, size_t i, unsigned flying, struct lease *l,
                   struct grant *ret)
{
	const struct ship_conf *e = &a->conf->endpoints[i];
	struct ship_status s;
	ship_status(a->ship, i, &s);
	const char *no = refusal(e, &s);
	unsigned want = no ? 0 : part(a, e, &s);
	unsigned room = s.in_flight < e->in_flight ? e->in_flight - s.in_flight : 0;
	ret->slots = want < room ? want : room;
	ret->ask_ms = no                  ? ASK_LATER_MS
	              : e->in_flight == 1 ? ASK_TURN_MS
	              : ret->slots < want ? ASK_SOON_MS
	                                  : ASK_MS;
	if (no)
		(void)snprintf(ret->why, sizeof(ret->why), "%s%s%s", no,
		               s.last_error[0] ? ": " : "", s.last_error);
	l->theirs = flying > want ? flying : want;
	l->until_ms = a->now_ms + SHARE_LEASE_MS;
}

static char *grant_text(const struct grant *g)
{
	char *text, why[512];
	utf8_printable(g->why, strlen(g->why), why, sizeof(why));
	int n = asprintf(&text, "0\nslots %u\nhalf 1\nask %" PRId64 "\nwhy %s\n", g->slots,
	                 g->ask_ms, why);
	return n < 0 ? NULL : text;
}

char *leases_reply(struct agent *a, const struct http_server_request *request)
{
	uint64_t flying = 0;
	const char *name = http_server_query(request, "endpoint");
	const char *n = http_server_query(request, "flying");
	ssize_t i = name ? endpoint_named(a, name) : -1;
	if (i < 0 || !n || !units_number(n, &flying) || flying > 100000 ||
	    strlen(name) >= sizeof(a->leases[0].endpoint))
		return strdup("1\nthere is no such endpoint here\n");
	struct lease *l = lease_of(a, name);
	if (http_server_query(request, "end")) {
		if (l)
			end_lease(a, l);
		return strdup("0\n");
	}
	if (!l && a->nleases == LEASES_MAX)
		return strdup("1\ntoo many endpoints are shared already\n");
	if (!l) {
		l = &a->leases[a->nleases++];
		(void)snprintf(l->endpoint, sizeof(l->endpoint), "%s", name);
		log_info("endpoint \"%s\": a replay began, its limits are shared with it", name);
	}
	struct grant g = {0};
	decide(a, (size_t)i, (unsigned)flying, l, &g);
	leases_apply(a);
	return grant_text(&g);
}

/* ---- the replay's side ---- */

/* The number behind a word at the start of a line. */
static uint64_t number_of(const char *text, const char *word)
{
	const char *p = strstr(text, word);
	return p ? strtoul(p + strlen(word), NULL, 10) : 0;
}

static void take_answer(struct share *ret, const char *text)
{
	ret->agent = true;
	ret->slots = (unsigned)number_of(text, "\nslots ");
	ret->half = number_of(text, "\nhalf ") != 0;
	int64_t ms = (int64_t)number_of(text, "\nask ");
	ret->ask_ms = ms > 0 ? ms : ASK_MS;
	const char *why = strstr(text, "\nwhy ");
	const char *words = why ? why + 5 : "";
	if (text[0] != '0') /* another configuration than ours, say */
		words = text[0] && text[1] ? text + 2 : "no answer";
	(void)snprintf(ret->why, sizeof(ret->why), "%.*s", (int)strcspn(words, "\n"), words);
}

void lease_ask(struct share *ret, const struct conf *conf, size_t endpoint, unsigned flying,
               bool end)
{
	const struct ship_conf *e = &conf->endpoints[endpoint];
	char path[256]; /* names of endpoints need no encoding: conf.c */
	struct err err = {0};
	char *text;
	(void)snprintf(path, sizeof(path), "/replay/share?endpoint=%s&flying=%u%s", e->name, flying,
	               end ? "&end=1" : "");
	*ret = (struct share){.ask_ms = ASK_MS};
	if (ask_agent(conf->runtime_dir, true, path, &text, &err) == 0) {
		take_answer(ret, text);
		free(text);
		return;
	}
	/* Nobody there, and nobody has the store: all of the limits are ours. */
	bool nobody = err.code == -ENOENT || err.code == -ECONNREFUSED;
	if (nobody && !store_in_use(conf->state_dir)) {
		ret->slots = e->in_flight;
		return;
	}
	ret->agent = ret->unasked = true;
	(void)snprintf(ret->why, sizeof(ret->why), "%.250s", err.text);
}
