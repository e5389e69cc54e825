#include "archive/lease.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/ask.h"
#include "ship/ship.h"
#include "state/store.h"

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
	ret->ask_ms = ms > 0 ? ms : SHARE_ASK_MS;
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
	*ret = (struct share){.ask_ms = SHARE_ASK_MS};
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
