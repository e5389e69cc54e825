#include "agent/verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/impl.h"
#include "base/units.h"
#include "service/http_server.h"

__attribute__((format(printf, 2, 3))) static char *reply(int status, const char *fmt, ...)
{
	char *text, *whole;
	va_list args;
	va_start(args, fmt);
	int n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0)
		return NULL;
	n = asprintf(&whole, "%d\n%s\n", status, text);
	free(text);
	return n < 0 ? NULL : whole;
}

static char *store_failed(const struct agent *a)
{
	return reply(1, "the store cannot be written: %s; nothing was changed",
	             store_error(a->store));
}

/* ---- pause and resume ---- */

static char *set_paused(struct agent *a, const struct http_server_request *request, bool paused)
{
	const char *name = http_server_query(request, "endpoint");
	for (size_t i = 0; name && i < a->conf->nendpoints; i++) {
		if (strcmp(a->conf->endpoints[i].name, name) != 0)
			continue;
		if (endpoint_memory_pause(&a->memory, i, paused, a->now_ms) < 0)
			return store_failed(a);
		ship_pause(a->ship, i, paused, a->now_ms);
		log_info("endpoint \"%s\": %s by command", name, paused ? "paused" : "resumed");
		return paused ? reply(0,
		                      "endpoint \"%s\" is paused, also across restarts: nothing is "
		                      "sent and nothing is lost until 'pmta-shipper resume %s'",
		                      name, name)
		              : reply(0, "endpoint \"%s\" resumes", name);
	}
	return reply(1, "there is no endpoint \"%.80s\"", name ? name : "");
}

char *verb_pause(struct agent *a, const struct http_server_request *request)
{
	return set_paused(a, request, true);
}

char *verb_resume(struct agent *a, const struct http_server_request *request)
{
	return set_paused(a, request, false);
}

/* ---- dead letters ---- */

/* Sets 0 if the number is not given.  Returns false if it is given and cannot be read. */
static bool take_number(const struct http_server_request *request, const char *name, int64_t *ret)
{
	uint64_t n = 0;
	const char *text = http_server_query(request, name);
	bool good = !text || (units_number(text, &n) && n <= INT64_MAX);
	*ret = (int64_t)n;
	return good;
}

/* A filter with errors must not count as none, which would select every letter. */
static bool take_filter(const struct http_server_request *request, struct store_dead_filter *ret)
{
	*ret = (struct store_dead_filter){
	        .ids = http_server_query(request, "ids"),
	        .source = http_server_query(request, "source"),
	        .endpoint = http_server_query(request, "endpoint"),
	        .reason = http_server_query(request, "reason"),
	};
	const char *kind = http_server_query(request, "kind");
	return (!kind || store_dead_kind_named(kind, &ret->kind)) &&
	       take_number(request, "from", &ret->from_ms) &&
	       take_number(request, "to", &ret->to_ms);
}

static char *bad_filter(void)
{
	return reply(1, "kind must be unreadable, refused or partial, from and to milliseconds "
	                "since 1970: nothing was changed");
}

char *verb_dead_retry(struct agent *a, const struct http_server_request *request)
{
	struct store_dead_filter what;
	int64_t n;
	if (!take_filter(request, &what))
		return bad_filter();
	int rc = redrive_begin(&a->redrive, &what, &n);
	if (rc < 0)
		return reply(1, "dead letters cannot be tried again: %s",
		             rc == -ENOMEM ? "out of memory" : store_error(a->store));
	if (n == 0)
		return reply(1, "no dead letter matches; see 'pmta-shipper dead list'");
	log_info("%" PRId64 " dead letter%s tried again by command", n, n == 1 ? " is" : "s are");
	return reply(0,
	             "%" PRId64 " dead letter%s tried again; accepted ones leave "
	             "'pmta-shipper dead list', and the log has the totals",
	             n, n == 1 ? " is" : "s are");
}

char *verb_dead_drop(struct agent *a, const struct http_server_request *request)
{
	struct store_dead_filter what;
	int64_t n = 0;
	if (!take_filter(request, &what))
		return bad_filter();
	int rc = store_begin(a->store);
	if (rc == 0)
		rc = store_dead_drop_found(a->store, &what, &n);
	if (rc == 0)
		rc = store_commit(a->store, a->now_ms);
	if (rc < 0) {
		store_rollback(a->store);
		return store_failed(a);
	}
	if (n == 0)
		return reply(1, "no dead letter matches; see 'pmta-shipper dead list'");

	commit_recount(&a->commit);
	log_warning("%" PRId64 " dead letter%s dropped by command", n, units_s((uint64_t)n));
	return reply(0, "%" PRId64 " dead letter%s dropped", n, units_s((uint64_t)n));
}

/* ---- drain ---- */

char *verb_drain(struct agent *a, const struct http_server_request *request)
{
	(void)request;
	uint64_t bytes = 0, rows = 0;
	size_t files = 0, unreadable = 0;
	/* Nothing is left only if that is known now, not as of the last event or rescan. */
	bool looked = tailer_look(a->tailer);
	for (size_t i = 0; i < a->conf->nsources; i++) {
		struct tail_status s;
		tailer_status(a->tailer, i, &s);
		bytes += s.behind_bytes;
		files += s.files_behind;
		unreadable += s.unreadable;
		rows += feed_rows(&a->feeds[i]);
	}
	looked = left_look(&a->left, a->conf, a->store, a->now_ms) && looked;
	if (a->left.files > 0)
		return reply(1, "%s", a->left.text);
	bool left = bytes > 0 || rows > 0 || unreadable > 0 || tailer_dirty(a->tailer);
	return reply(left || !looked,
	             "%" PRIu64 " byte%s behind in %zu file%s, %" PRIu64
	             " row%s in flight, %zu file%s that cannot be read, %" PRId64
	             " dead letter%s%s",
	             bytes, units_s(bytes), files, units_s(files), rows, units_s(rows), unreadable,
	             units_s(unreadable), a->commit.dead_records,
	             units_s((uint64_t)a->commit.dead_records),
	             looked || left ? "" : "; the folders are being looked at again");
}
