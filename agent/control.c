/* What is answered on the control socket and on metrics-listen. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "ship/listen.h"

/* The text's first line is the exit status that `status` is to have. */
static char *status_reply(const struct agent *a, bool json)
{
	struct view v;
	char *text = NULL, *body = NULL;
	if (view_of_agent(&v, a) == 0)
		body = json ? status_json(&v) : status_text(&v);
	if (!json && body && asprintf(&text, "%d\n%s", view_problems(&v) > 0, body) >= 0) {
		free(body);
		body = text;
	}
	view_free(&v);
	return body;
}

static void on_request(const struct listen_request *request, struct listen_reply *ret, void *arg)
{
	const struct agent *a = arg;
	if (strcmp(request->method, "GET") != 0) {
		ret->status = 405;
		ret->body = strdup("only GET\n");
	} else if (strcmp(request->path, "/status") == 0) {
		ret->status = 200;
		ret->type = "application/json";
		ret->body = status_reply(a, true);
	} else if (strcmp(request->path, "/status.txt") == 0) {
		ret->status = 200;
		ret->body = status_reply(a, false);
	} else if (strcmp(request->path, "/healthz") == 0) {
		ret->status = 200;
		ret->body = strdup("ok\n");
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
