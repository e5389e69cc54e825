#include "status/counters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "record/columns.h"

/* PowerMTA User's Guide, "bounce categories"; the most frequent ones first. */
const char *const category_names[CATEGORIES] = {
        "bad-mailbox",
        "spam-related",
        "quota-issues",
        "policy-related",
        "bad-domain",
        "inactive-mailbox",
        "no-answer-from-host",
        "message-expired",
        "content-related",
        "routing-errors",
        "bad-connection",
        "invalid-sender",
        "relaying-issues",
        "bad-configuration",
        "protocol-errors",
        "virus-related",
        "other",
        "none",
};
#define CATEGORY_OTHER (CATEGORIES - 2)
#define CATEGORY_NONE (CATEGORIES - 1)

struct counters *counters_close(struct counters *c)
{
	if (c) {
		for (size_t i = 0; c->sources && i < c->nsources; i++)
			free(c->sources[i].name);
		for (size_t i = 0; c->endpoints && i < c->nendpoints; i++)
			free(c->endpoints[i].name);
		free(c->sources);
		free(c->endpoints);
		free(c);
	}
	return NULL;
}

/* Takes over the counts recorded under this name; the name is a new copy. */
static int open_source(struct source_counters *s, const char *name, const struct counters *before)
{
	for (size_t i = 0; before && i < before->nsources; i++) {
		if (strcmp(before->sources[i].name, name) == 0)
			*s = before->sources[i];
	}
	s->name = strdup(name);
	return s->name ? 0 : -ENOMEM;
}

static int open_endpoint(struct endpoint_counters *e, const char *name,
                         const struct counters *before)
{
	for (size_t i = 0; before && i < before->nendpoints; i++) {
		if (strcmp(before->endpoints[i].name, name) == 0)
			*e = before->endpoints[i];
	}
	e->name = strdup(name);
	return e->name ? 0 : -ENOMEM;
}

int counters_open(struct counters **ret, const struct conf *conf, const struct counters *before)
{
	struct counters *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	if (before)
		c->hard = before->hard;
	c->nsources = conf->nsources;
	c->nendpoints = conf->nendpoints;
	c->sources = calloc(c->nsources, sizeof(*c->sources));
	c->endpoints = calloc(c->nendpoints, sizeof(*c->endpoints));
	int rc = c->sources && c->endpoints ? 0 : -ENOMEM;
	for (size_t i = 0; rc == 0 && i < c->nsources; i++)
		rc = open_source(&c->sources[i], conf->sources[i].name, before);
	for (size_t i = 0; rc == 0 && i < c->nendpoints; i++)
		rc = open_endpoint(&c->endpoints[i], conf->endpoints[i].name, before);
	if (rc < 0) {
		(void)counters_close(c);
		return rc;
	}
	*ret = c;
	return 0;
}

void amount_add(struct amount *a, const struct mark *mark)
{
	a->records++;
	a->bytes += mark->end - mark->start;
}

static size_t category_of(struct slice text)
{
	if (text.len == 0)
		return CATEGORY_NONE;
	for (size_t i = 0; i < CATEGORY_OTHER; i++) {
		if (slice_is(text, category_names[i]))
			return i;
	}
	return CATEGORY_OTHER;
}

/* These categories leave no doubt: the mailbox does not exist. */
static bool is_hard(struct slice category)
{
	return slice_is(category, "bad-mailbox") || slice_is(category, "bad-domain") ||
	       slice_is(category, "inactive-mailbox");
}

static struct slice cell(const struct record *rec, size_t column)
{
	return column < rec->nfields ? rec->fields[column] : SLICE_EMPTY;
}

void counters_record(struct counters *c, struct source_counters *s, const struct record *rec)
{
	s->by_type[rec->type]++;
	s->utf8_repaired += rec->utf8_repaired;
	if (rec->type != RECORD_BOUNCED && rec->type != RECORD_REMOTE_BOUNCE)
		return;
	struct slice category = cell(rec, rec->columns->bounce_cat);
	s->by_category[category_of(category)]++;
	if (is_hard(category))
		domains_count(&c->hard, cell(rec, rec->columns->rcpt));
}

static void add_since(struct tail_counters *to, const struct tail_counters *now,
                      const struct tail_counters *begun)
{
	to->rotations += now->rotations - begun->rotations;
	to->truncations += now->truncations - begun->truncations;
	to->crashes += now->crashes - begun->crashes;
	to->copies += now->copies - begun->copies;
	to->rescans += now->rescans - begun->rescans;
	to->overflows += now->overflows - begun->overflows;
	/* A counter only rises: what was withdrawn stays in it. */
	to->gone_unread += (now->gone_unread + now->found_again) -
	                   (begun->gone_unread + begun->found_again);
	to->nul_bytes += now->nul_bytes - begun->nul_bytes;
}

void counters_tail_open(struct source_counters *s, const struct tail_counters *now)
{
	if (!s->tailed)
		s->begun = *now;
	s->tailed = true;
}

void counters_tail_close(struct source_counters *s, const struct tail_counters *now)
{
	if (s->tailed)
		add_since(&s->tail, now, &s->begun);
	s->tailed = false;
}

struct tail_counters counters_tail(const struct source_counters *s, const struct tail_counters *now)
{
	struct tail_counters sum = s->tail;
	if (s->tailed)
		add_since(&sum, now, &s->begun);
	return sum;
}
