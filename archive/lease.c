#include "archive/lease.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/ask.h"
#include "ship/ship.h"
#include "state/store.h"

void lease_ask(struct share *ret, const struct conf *conf, size_t endpoint, unsigned flying,
               bool end)
{
	const struct ship_conf *e = &conf->endpoints[endpoint];
	char path[256]; /* names of endpoints need no encoding: conf.c */
	struct err err = {0};
	char *text;
	int status;
	(void)snprintf(path, sizeof(path), "/replay/share?endpoint=%s&flying=%u%s", e->name, flying,
	               end ? "&end=1" : "");
	*ret = (struct share){.ask_ms = SHARE_ASK_MS};
	if (ask_agent(conf, ASK_RENEWAL, path, &status, &text, &err) == 0) {
		ret->agent = true;
		if (status == 0)
			share_read(ret, text);
		else /* the configurations may differ */
			(void)snprintf(ret->why, sizeof(ret->why), "%.*s", (int)strcspn(text, "\n"),
			               *text ? text : "no answer");
		free(text);
		return;
	}
	/* None of ours listens or has the store open: the replay may use all of the limits. */
	bool nobody = err.code == -ENOENT || err.code == -ECONNREFUSED || err.code == -EXDEV;
	if (nobody && !store_in_use(conf->state_dir)) {
		ret->slots = e->in_flight;
		return;
	}
	ret->agent = ret->unasked = true;
	(void)snprintf(ret->why, sizeof(ret->why), "%.250s", err.text);
}
