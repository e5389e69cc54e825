#include "status/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

int view_new(struct view *v, const struct conf *conf)
{
	*v = (struct view){.conf = conf,
	                   .real_ms = clock_real_ms(),
	                   .nsources = conf->nsources,
	                   .nendpoints = conf->nendpoints};
	v->sources = calloc(conf->nsources, sizeof(*v->sources));
	v->endpoints = calloc(conf->nendpoints, sizeof(*v->endpoints));
	if (!v->sources || !v->endpoints)
		return -ENOMEM;
	for (size_t i = 0; i < conf->nsources; i++) {
		v->sources[i].name = conf->sources[i].name;
		v->sources[i].acct_file = conf->sources[i].acct_file;
	}
	for (size_t i = 0; i < conf->nendpoints; i++) {
		v->endpoints[i].name = conf->endpoints[i].name;
		v->endpoints[i].configured = conf->endpoints[i].url[0] != '\0';
	}
	return 0;
}

void view_free(struct view *v)
{
	free(v->sources);
	free(v->endpoints);
	v->sources = NULL;
	v->endpoints = NULL;
}

void view_name_file(struct source_view *s, const char *name)
{
	(void)snprintf(s->file, sizeof(s->file), "%s", name);
	s->tail.file = s->file;
}

void view_name_unreadable(struct source_view *s, const char *path, const char *advice)
{
	(void)snprintf(s->unreadable, sizeof(s->unreadable), "%.*s", TAIL_PATH_SIZE - 1, path);
	(void)snprintf(s->advice, sizeof(s->advice), "%s", advice);
	s->tail.unreadable_path = s->unreadable;
	s->tail.unreadable_advice = s->advice;
}

char *view_render(const struct view *v, view_print_fn *print)
{
	struct text t;
	FILE *f = text_begin(&t);
	if (f)
		print(f, v);
	return text_end(&t);
}

bool view_lost(const struct view *v, const struct source_view *s)
{
	const struct tail_counters *c = &s->tail.counters;
	/* Without a time, an older version counted it, and no agent has opened its store since. */
	return c->gone_unread > 0 &&
	       (c->gone_unread_ms == 0 ||
	        v->real_ms - (int64_t)c->gone_unread_ms < VIEW_LOST_DAYS * INT64_C(86400000));
}

unsigned view_problems(const struct view *v)
{
	unsigned n = v->degraded + v->dead_full + v->unasked;
	for (size_t i = 0; i < v->nsources; i++)
		n += view_lost(v, &v->sources[i]) + (v->sources[i].tail.unreadable > 0);
	for (size_t i = 0; i < v->nendpoints; i++)
		n += v->running && (v->endpoints[i].ship.state == SHIP_HELD ||
		                    v->endpoints[i].ship.state == SHIP_RETRYING);
	return n;
}
