/* What the store keeps of an endpoint, across restarts and reloads. */
#include <string.h>

#include "agent/agent.h"

#define SCOPE_SIZE 80 /* "endpoint:" and a name of at most 64 */

static void scope_of(char ret[SCOPE_SIZE], const struct ship_conf *e)
{
	(void)snprintf(ret, SCOPE_SIZE, "endpoint:%s", e->name);
}

/*
 * What an endpoint is known for holds for its address: another one has to prove itself anew.  The
 * run of refusals stays: when the new one accepts something, that run is over.
 */
int endpoint_memory_load(struct agent *a, size_t i)
{
	const struct ship_conf *e = &a->conf->endpoints[i];
	char scope[SCOPE_SIZE], url[HASH_HEX_SIZE], known[HASH_HEX_SIZE];
	struct hash128 h = hash_bytes(e->url, strlen(e->url));
	hash_hex(&h, url);
	scope_of(scope, e);
	struct ship_memory m = {0};
	int64_t accepted, refused;
	int rc = store_get_text(a->store, scope, "url", known, sizeof(known));
	if (rc == 0)
		rc = store_get(a->store, scope, "accepted", 0, &accepted);
	if (rc == 0)
		rc = store_get(a->store, scope, "refused", 0, &refused);
	if (rc == 0)
		rc = store_get(a->store, scope, "run", 1, &m.run);
	int64_t paused = 0;
	if (rc == 0)
		rc = store_get(a->store, scope, "lifted", 0, &a->lifted[i].run);
	if (rc == 0)
		rc = store_get(a->store, scope, "paused", 0, &paused);
	if (rc < 0)
		return rc;
	if (paused)
		ship_pause(a->ship, i, true, a->now_ms);
	m.refused_in_a_row = (unsigned)refused;
	if (strcmp(url, known) == 0) {
		m.ever_accepted = accepted != 0;
	} else {
		rc = store_put_text(a->store, scope, "url", url);
		if (rc == 0)
			rc = store_put(a->store, scope, "accepted", 0);
	}
	ship_set_memory(a->ship, i, &m);
	a->remembered[i] = m;
	return rc;
}

int endpoint_memory_pause(struct agent *a, size_t endpoint, bool paused)
{
	char scope[SCOPE_SIZE];
	scope_of(scope, &a->conf->endpoints[endpoint]);
	int rc = store_begin(a->store);
	if (rc == 0)
		rc = store_put(a->store, scope, "paused", paused);
	if (rc == 0)
		rc = store_commit(a->store, a->now_ms);
	if (rc < 0)
		store_rollback(a->store);
	return rc;
}

/* A run that was lifted before and has not had all its tries gets them with this one. */
static int put_lifted(struct agent *a, size_t i, const char *scope)
{
	int64_t owed, run = a->lifted[i].run;
	int rc = store_get(a->store, scope, "lifted", 0, &owed);
	if (rc == 0 && owed != 0 && run != 0 && owed != run)
		rc = store_dead_run_becomes(a->store, a->conf->endpoints[i].name, owed, run);
	return rc == 0 ? store_put(a->store, scope, "lifted", run) : rc;
}

int endpoint_memory_put(struct agent *a, size_t i)
{
	struct ship_memory m = ship_memory(a->ship, i);
	const struct ship_memory *old = &a->remembered[i];
	char scope[SCOPE_SIZE];
	scope_of(scope, &a->conf->endpoints[i]);
	if (m.ever_accepted == old->ever_accepted && m.refused_in_a_row == old->refused_in_a_row &&
	    m.run == old->run)
		return 0;
	int rc = store_put(a->store, scope, "accepted", m.ever_accepted);
	if (rc == 0)
		rc = store_put(a->store, scope, "refused", m.refused_in_a_row);
	if (rc == 0)
		rc = store_put(a->store, scope, "run", m.run);
	if (rc == 0) /* a lift changes the run, too */
		rc = put_lifted(a, i, scope);
	return rc;
}

int endpoint_memory_lift_over(struct agent *a, size_t endpoint)
{
	const struct ship_conf *e = &a->conf->endpoints[endpoint];
	char scope[SCOPE_SIZE];
	scope_of(scope, e);
	int rc = store_dead_run_becomes(a->store, e->name, a->lifted[endpoint].run, 0);
	if (rc == 0)
		rc = store_put(a->store, scope, "lifted", 0);
	if (rc == 0)
		a->lifted[endpoint].run = 0;
	return rc;
}
