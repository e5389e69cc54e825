#include "agent/endpoint_memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define SCOPE_SIZE 80 /* "endpoint:" and a name of at most 64 */

static void scope_of(char ret[SCOPE_SIZE], const struct ship_conf *e)
{
	(void)snprintf(ret, SCOPE_SIZE, "endpoint:%s", e->name);
}

/*
 * The store's knowledge of an endpoint holds for one URL: a new one has to prove itself.  The run
 * of refusals stays: when the new URL accepts something, that run is over.
 */
static int take_url(struct endpoint_memory *m, const struct ship_conf *e, const char *scope,
                    bool accepted, bool *ret_ever_accepted)
{
	char url[HASH_HEX_SIZE], known[HASH_HEX_SIZE];
	struct hash128 h = hash_bytes(e->url, strlen(e->url));
	hash_hex(&h, url);
	int rc = store_get_text(m->store, scope, "url", known, sizeof(known));
	if (rc < 0)
		return rc;
	*ret_ever_accepted = accepted && strcmp(url, known) == 0;
	if (strcmp(url, known) == 0)
		return 0;
	rc = store_put_text(m->store, scope, "url", url);
	return rc == 0 ? store_put(m->store, scope, "accepted", 0) : rc;
}

static int load(struct endpoint_memory *m, size_t i, int64_t now_ms)
{
	const struct ship_conf *e = &m->conf->endpoints[i];
	char scope[SCOPE_SIZE];
	struct ship_memory memory = {0};
	int64_t accepted = 0, refused = 0, paused = 0;
	scope_of(scope, e);
	const struct {
		const char *name;
		int64_t otherwise, *to;
	} numbers[] = {{"accepted", 0, &accepted},
	               {"refused", 0, &refused},
	               {"run", 1, &memory.run},
	               {"lifted", 0, &m->lifted[i]},
	               {"paused", 0, &paused}};
	for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++) {
		int rc = store_get(m->store, scope, numbers[k].name, numbers[k].otherwise,
		                   numbers[k].to);
		if (rc < 0)
			return rc;
	}
	int rc = take_url(m, e, scope, accepted != 0, &memory.ever_accepted);
	if (rc < 0)
		return rc;
	if (paused)
		ship_pause(m->ship, i, true, now_ms);
	memory.refused_in_a_row = (unsigned)refused;
	ship_set_memory(m->ship, i, &memory);
	m->stored[i] = memory;
	return 0;
}

int endpoint_memory_open(struct endpoint_memory *m, int64_t now_ms)
{
	endpoint_memory_close(m);
	m->stored = calloc(m->conf->nendpoints, sizeof(*m->stored));
	m->lifted = calloc(m->conf->nendpoints, sizeof(*m->lifted));
	int rc = m->stored && m->lifted ? 0 : -ENOMEM;
	for (size_t i = 0; rc == 0 && i < m->conf->nendpoints; i++)
		rc = load(m, i, now_ms);
	return rc;
}

void endpoint_memory_close(struct endpoint_memory *m)
{
	free(m->stored);
	free(m->lifted);
	m->stored = NULL;
	m->lifted = NULL;
}

/* If an earlier lifted run has not finished its retries, this run takes over its letters. */
static int put_lifted(struct endpoint_memory *m, size_t i, const char *scope)
{
	int64_t owed, run = m->lifted[i];
	int rc = store_get(m->store, scope, "lifted", 0, &owed);
	if (rc == 0 && owed != 0 && run != 0 && owed != run)
		rc = store_dead_run_becomes(m->store, m->conf->endpoints[i].name, owed, run);
	return rc == 0 ? store_put(m->store, scope, "lifted", run) : rc;
}

static int put(struct endpoint_memory *m, size_t i)
{
	struct ship_memory now = ship_memory(m->ship, i);
	const struct ship_memory *old = &m->stored[i];
	char scope[SCOPE_SIZE];
	if (now.ever_accepted == old->ever_accepted &&
	    now.refused_in_a_row == old->refused_in_a_row && now.run == old->run)
		return 0;
	scope_of(scope, &m->conf->endpoints[i]);
	int rc = store_put(m->store, scope, "accepted", now.ever_accepted);
	if (rc == 0)
		rc = store_put(m->store, scope, "refused", now.refused_in_a_row);
	if (rc == 0)
		rc = store_put(m->store, scope, "run", now.run);
	if (rc == 0) /* a lift also changes the run */
		rc = put_lifted(m, i, scope);
	return rc;
}

int endpoint_memory_put(struct endpoint_memory *m)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < m->conf->nendpoints; i++)
		rc = put(m, i);
	return rc;
}

void endpoint_memory_stored(struct endpoint_memory *m)
{
	for (size_t i = 0; i < m->conf->nendpoints; i++)
		m->stored[i] = ship_memory(m->ship, i);
}

int endpoint_memory_pause(struct endpoint_memory *m, size_t endpoint, bool paused, int64_t now_ms)
{
	char scope[SCOPE_SIZE];
	scope_of(scope, &m->conf->endpoints[endpoint]);
	int rc = store_begin(m->store);
	if (rc == 0)
		rc = store_put(m->store, scope, "paused", paused);
	if (rc == 0)
		rc = store_commit(m->store, now_ms);
	if (rc < 0)
		store_rollback(m->store);
	return rc;
}

int endpoint_memory_lift_over(struct endpoint_memory *m, size_t endpoint)
{
	const struct ship_conf *e = &m->conf->endpoints[endpoint];
	char scope[SCOPE_SIZE];
	scope_of(scope, e);
	int rc = store_dead_run_becomes(m->store, e->name, m->lifted[endpoint], 0);
	if (rc == 0)
		rc = store_put(m->store, scope, "lifted", 0);
	if (rc == 0)
		m->lifted[endpoint] = 0;
	return rc;
}
