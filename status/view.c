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

void view_name_rejected(struct source_view *s, const char *name)
{
	(void)snprintf(s->rejected, sizeof(s->rejected), "%s", name);
	s->tail.rejected_file = s->rejected;
}

void view_name_unreadable(struct source_view *s, const char *path, const char *advice)
{
	(void)snprintf(s->unreadable, sizeof(s->unreadable), "%.*s", TAIL_PATH_SIZE - 1, path);
	(void)snprintf(s->advice, sizeof(s->advice), "%s", advice);
	s->tail.unreadable_path = s->unreadable;
	s->tail.unreadable_advice = s->advice;
}

void view_take_besides(struct source_view *s, const struct besides *besides)
{
	s->besides = *besides;
	s->tail.besides = &s->besides;
}

char *view_render(const struct view *v, view_print_fn *print)
{
	struct text t;
	FILE *f = text_begin(&t);
	if (f)
		print(f, v);
	return text_end(&t);
}

bool view_recent(const struct view *v, int64_t real_ms)
{
	return v->real_ms - real_ms < VIEW_RECENT_DAYS * INT64_C(86400000);
}

bool view_lost(const struct view *v, const struct source_view *s)
{
	const struct tail_counters *c = &s->tail.counters;
	/* Without a time, an older version counted it, and no agent has opened its store since. */
	return c->gone_unread > 0 &&
	       (c->gone_unread_ms == 0 || view_recent(v, (int64_t)c->gone_unread_ms));
}
