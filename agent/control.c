/*
 * What is answered on the control socket and on metrics-listen: a table of paths.  Changes are only
 * taken over the control socket, whose permissions say who may; their answers begin with a line of
 * its own, the exit status of the command that asked.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "ship/listen.h"

static char *status_json_reply(struct agent *a, const struct listen_request *request)
{
	(void)request;
	struct view v;
	char *body = view_of_agent(&v, a) == 0 ? status_json(&v) : NULL;
	view_free(&v);
	return body;
}

static char *status_text_reply(struct agent *a, const struct listen_request *request)
{
	(void)request;
	struct view v;
	char *text = NULL;
	char *body = view_of_agent(&v, a) == 0 ? status_text(&v) : NULL;
	if (body && asprintf(&text, "%d\n%s", view_problems(&v) > 0, body) < 0)
		text = NULL;
	free(body);
	view_free(&v);
	return text;
}

static char *health_reply(struct agent *a, const struct listen_request *request)
{
	(void)a;
	(void)request;
	return strdup("ok\n");
}

static const struct {
	const char *method, *path, *type;
	bool local; /* over the control socket only */
	char *(*reply)(struct agent *a, const struct listen_request *request);
} answers[] = {
        {"GET", "/status", "application/json", false, status_json_reply},
        {"GET", "/status.txt", "text/plain", false, status_text_reply},
        {"GET", "/healthz", "text/plain", false, health_reply},
        {"GET", "/drain", "text/plain", true, verb_drain},
        {"POST", "/pause", "text/plain", true, verb_pause},
        {"POST", "/resume", "text/plain", true, verb_resume},
        {"POST", "/dead/retry", "text/plain", true, verb_dead_retry},
        {"POST", "/dead/drop", "text/plain", true, verb_dead_drop},
};

static void on_request(const struct listen_request *request, struct listen_reply *ret, void *arg)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (strcmp(request->path, answers[i].path) != 0 ||
		    (answers[i].local && !request->local))
			continue;
		if (strcmp(request->method, answers[i].method) != 0) {
			ret->status = 405;
			ret->body = strdup("another method is wanted\n");
			continue;
		}
		ret->status = 200;
		ret->type = answers[i].type;
		ret->body = answers[i].reply(arg, request);
		return;
	}
}

int control_open(struct agent *a)
{
	struct err err = {0};
	int rc = listen_open(&a->listen, a->conf->runtime_dir, a->conf->metrics_listen, on_request,
	                     a, &err);
	if (rc < 0 || err.code != 0)
		log_warning("%s; going on, but 'status' cannot ask this agent", err.text);
	return 0; /* delivery is more important than being looked at */
}
