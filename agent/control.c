#include "agent/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_EVERY_MS 1000
#define SAY_EVERY_MS 60000

static void let_go(struct control *c)
{
	if (c->lock >= 0)
		(void)close(c->lock);
	c->lock = -1;
}

int control_take(struct control *c, const struct conf *conf, struct err *err)
{
	struct err busy = {0};
	c->lock = -1;
	c->dir = strdup(conf->runtime_dir);
	c->tcp = strdup(conf->metrics_listen);
	if (!c->dir || !c->tcp)
		return err_set(err, -ENOMEM, "open runtime-dir: out of memory");
	conf_identity(conf, c->identity);
	(void)snprintf(c->who, sizeof(c->who),
	               "pid %d, configuration \"%.400s\", state-dir \"%.400s\"", (int)getpid(),
	               conf->path, conf->state_dir);
	int rc = runtime_lock(c->dir, c->who, &c->lock, &busy);
	return rc == -EBUSY ? err_set(err, rc, "%s", busy.text) : 0;
}

/* Without the lock the socket there may be another agent's: only the other listener is opened. */
void control_listen(struct control *c, listen_fn *fn, void *arg)
{
	struct err err = {0};
	int rc = c->lock < 0 ? runtime_lock(c->dir, c->who, &c->lock, &err) : 0;
	if (rc < 0)
		log_warning("%s; delivery continues, but nothing answers there", err.text);
	err = (struct err){0};
	rc = http_server_open(&c->server, c->lock < 0 ? NULL : c->dir, c->tcp, fn, arg, &err);
	if (rc < 0 || err.code != 0)
		log_warning("%s; delivery continues, but nothing answers there", err.text);
	c->listened = http_server_there(c->server, c->dir);
}

/* The folder may be a new one: what was locked before no longer keeps others out. */
void control_look(struct control *c, listen_fn *fn, void *arg, int64_t now_ms)
{
	unsigned long left_out;
	struct err err = {0};
	int lock;
	if (!c->listened || now_ms < c->look_ms)
		return;
	c->look_ms = now_ms + LOOK_EVERY_MS;
	if (http_server_there(c->server, c->dir))
		return;
	bool say = log_allowed(&c->limit, now_ms, SAY_EVERY_MS, &left_out);
	let_go(c);
	if (runtime_lock(c->dir, c->who, &lock, &err) < 0) {
		if (say)
			log_error("the socket \"%s/control\" was deleted or replaced: %s; commands "
			          "do not reach this agent, looking again every second",
			          c->dir, err.text);
		return;
	}
	c->lock = lock;
	log_warning("the socket \"%s/control\" was deleted or replaced while the agent runs: "
	            "listening there again",
	            c->dir);
	c->server = http_server_close(c->server);
	control_listen(c, fn, arg);
	c->listened = true;
}

void control_close(struct control *c)
{
	c->server = http_server_close(c->server);
	if (c->dir) /* else it was never opened, and 0 is no lock of ours */
		let_go(c);
	free(c->dir);
	free(c->tcp);
	c->dir = c->tcp = NULL;
}
