#include "agent/routes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/host.h"
#include "agent/impl.h"
#include "agent/snapshot.h"
#include "agent/verbs.h"
#include "base/units.h"
#include "service/http_server.h"
#include "status/history_json.h"
#include "status/json.h"
#include "status/metrics.h"
#include "status/nagios.h"
#include "status/page.h"
#include "status/problems.h"
#include "status/text.h"

#define NOT_OURS "the request names another host: use the address, or localhost\n"

/* For a command, whose exit status is the first line.  Takes ownership of body. */
static char *with_exit(int status, char *body)
{
	char *text = NULL;
	if (body && asprintf(&text, "%d\n%s", status, body) < 0)
		text = NULL;
	free(body);
	return text;
}

/* Takes a view for somebody who asks, of what is on disk now. */
static int take_view(struct view *v, struct agent *a)
{
	(void)tailer_look(a->tailer);
	(void)left_look(&a->left, a->conf, a->store, a->now_ms);
	return snapshot_take(v, a);
}

/* JSON as published; the command also asks for the line before it. */
static char *status_json_reply(struct agent *a, const struct http_server_request *request)
{
	struct view v;
	char *body = take_view(&v, a) == 0 ? status_json(&v) : NULL;
	if (http_server_query(request, "exit"))
		body = with_exit(problems_count(&v) > 0, body);
	view_free(&v);
	return body;
}

static char *status_text_reply(struct agent *a, const struct http_server_request *request)
{
	struct view v;
	bool marked = http_server_query(request, "marks") != NULL;
	char *body = take_view(&v, a) == 0 ? status_text(&v, marked) : NULL;
	body = with_exit(problems_count(&v) > 0, body);
	view_free(&v);
	return body;
}

static char *check_reply(struct agent *a, const struct http_server_request *request)
{
	struct nagios_limits limits = {0};
	const char *warn = http_server_query(request, "warn"),
	           *crit = http_server_query(request, "crit");
	enum nagios exit = NAGIOS_UNKNOWN;
	struct view v;
	if (!warn || !crit || !units_number(warn, &limits.warn_ms) ||
	    !units_number(crit, &limits.crit_ms))
		return strdup("3\nPMTA-SHIPPER UNKNOWN: warn and crit are required, in ms\n");
	char *line = take_view(&v, a) == 0 ? nagios_line(&v, &limits, &exit) : NULL;
	view_free(&v);
	return with_exit((int)exit, line);
}

/*
 * Ready means that the agent can do its work on this host, where a monitor can fix it.  An endpoint
 * that is unreachable or held does not count: rows wait for it in their files.  The words name no
 * file and no endpoint, since anybody may ask; the number is that of `status`.
 */
static void ready_reply(struct agent *a, struct http_server_reply *ret)
{
	struct view v;
	struct problems p = {.failed = true};
	(void)left_look(&a->left, a->conf, a->store, a->now_ms);
	if (snapshot_take(&v, a) == 0)
		problems_find(&p, &v, &problems_for_people);
	const char *why = p.failed ? "out of memory" : NULL;
	for (size_t i = 0; i < p.n && !why; i++)
		why = p.list[i].unready;
	const size_t n = problems_grave(&p);
	ret->status = why ? 503 : 200;
	int rc;
	if (why)
		rc = asprintf(&ret->body, "not ready: %s\n", why);
	else if (n == 0)
		rc = asprintf(&ret->body, "ready\n");
	else
		rc = asprintf(&ret->body, "ready\n%zu problem%s: see pmta-shipper status\n", n,
		              units_s(n));
	if (rc < 0)
		ret->body = NULL;
	problems_free(&p);
	view_free(&v);
}

static void page_reply(struct agent *a, struct http_server_reply *ret)
{
	(void)a;
	ret->body = page_text(ret->csp, sizeof(ret->csp));
}

static void metrics_reply(struct agent *a, struct http_server_reply *ret)
{
	struct view v;
	ret->body = snapshot_take(&v, a) == 0 ? metrics_text(&v) : NULL;
	view_free(&v);
}

static void history_reply(struct agent *a, struct http_server_reply *ret)
{
	ret->body = history_json(a->conf, a->samples.history, a->now_ms);
}

static void health_reply(struct agent *a, struct http_server_reply *ret)
{
	(void)a;
	ret->body = strdup("ok\n");
}

static char *lease_reply(struct agent *a, const struct http_server_request *request)
{
	return leases_reply(&a->leases, request, a->now_ms);
}

/* Requests of commands, and of programs that use the same interface. */
static const struct {
	const char *method, *path, *type;
	bool local; /* over the control socket only */
	char *(*reply)(struct agent *a, const struct http_server_request *request);
} answers[] = {
        {"GET", "/status", "application/json", false, status_json_reply},
        {"GET", "/status.txt", "text/plain", false, status_text_reply},
        {"GET", "/check", "text/plain", false, check_reply},
        {"GET", "/drain", "text/plain", true, verb_drain},
        {"POST", "/pause", "text/plain", true, verb_pause},
        {"POST", "/resume", "text/plain", true, verb_resume},
        {"POST", "/dead/retry", "text/plain", true, verb_dead_retry},
        {"POST", "/dead/drop", "text/plain", true, verb_dead_drop},
        {"POST", "/replay/share", "text/plain", true, lease_reply},
};

/* Read-only pages for browsers and monitors. */
static const struct {
	const char *path, *type;
	bool any_name; /* under any host name: monitors use many */
	void (*reply)(struct agent *a, struct http_server_reply *ret);
} looks[] = {
        {"/", "text/html; charset=utf-8", false, page_reply},
        {"/history", "application/json", false, history_reply},
        {"/metrics", "text/plain; version=0.0.4; charset=utf-8", true, metrics_reply},
        {"/healthz", "text/plain", true, health_reply},
        {"/readyz", "text/plain", true, ready_reply},
};

static bool is_for_us(const struct http_server_request *request)
{
	char machine[256] = "";
	(void)gethostname(machine, sizeof(machine) - 1);
	return request->local || host_is_ours(http_server_header(request, "Host"), machine);
}

/* A command of a configuration with another state-dir must not act on this agent. */
static bool is_for_another(const struct agent *a, const struct http_server_request *request)
{
	const char *whose = http_server_header(request, CONF_IDENTITY_HEADER);
	return request->local && whose && !conf_identity_match(whose, a->control.identity);
}

static void refuse(struct http_server_reply *ret, unsigned status, const char *why)
{
	ret->status = status;
	ret->body = strdup(why);
}

/* Returns true if the request was for one of these. */
static bool look(struct agent *a, const struct http_server_request *request,
                 struct http_server_reply *ret)
{
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		if (strcmp(request->path, looks[i].path) != 0)
			continue;
		if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
			refuse(ret, 405, "method not allowed\n");
		} else if (!looks[i].any_name && !is_for_us(request)) {
			refuse(ret, 421, NOT_OURS);
		} else {
			ret->status = 200;
			ret->type = looks[i].type;
			looks[i].reply(a, ret);
		}
		return true;
	}
	return false;
}

static void on_request(const struct http_server_request *request, struct http_server_reply *ret,
                       void *arg)
{
	const struct agent *a = arg;
	if (is_for_another(a, request)) {
		refuse(ret, 409, a->control.who);
		return;
	}
	if (look(arg, request, ret))
		return;
	if (!is_for_us(request)) {
		refuse(ret, 421, NOT_OURS);
		return;
	}
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (strcmp(request->path, answers[i].path) != 0 ||
		    (answers[i].local && !request->local))
			continue;
		free(ret->body); /* set by another method of the same path */
		if (strcmp(request->method, answers[i].method) != 0) {
			refuse(ret, 405, "method not allowed\n");
			continue;
		}
		ret->status = 200;
		ret->type = answers[i].type;
		ret->body = answers[i].reply(arg, request);
		return;
	}
}

void routes_open(struct agent *a)
{
	control_listen(&a->control, on_request, a);
}

void routes_look(struct agent *a)
{
	control_look(&a->control, on_request, a, a->now_ms);
}
