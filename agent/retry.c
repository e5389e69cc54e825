/*
 * `dead retry`: the dead letters that are meant go out again, a few at a time and only while their
 * endpoint has room, so that they take neither memory nor turns from new records.  They stay in
 * the store until they are accepted: a stop, a reload or another `dead retry` ends this one, and
 * what was not tried stays what it is.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"

/* The filter's texts as one piece of memory. */
static int keep_texts(struct retry *r, const struct store_dead_filter *what)
{
	const char *const from[] = {what->ids, what->source, what->endpoint, what->kind,
	                            what->reason};
	const char **const to[] = {&r->what.ids, &r->what.source, &r->what.endpoint, &r->what.kind,
	                           &r->what.reason};
	size_t room = 1;
	for (size_t i = 0; i < 5; i++)
		room += from[i] ? strlen(from[i]) + 1 : 0;
	char *at = malloc(room);
	if (!at)
		return -ENOMEM;
	r->memory = at;
	for (size_t i = 0; i < 5; i++) {
		if (!from[i])
			continue;
		size_t len = strlen(from[i]) + 1;
		*to[i] = memcpy(at, from[i], len);
		at += len;
	}
	return 0;
}

/* The letters are those that exist now: one that is refused again is not tried for ever. */
int redrive_begin(struct agent *a, const struct store_dead_filter *what, int64_t *ret_n)
{
	int64_t last;
	int rc = store_dead_count_found(a->store, what, ret_n, &last);
	if (rc < 0 || *ret_n == 0)
		return rc;
	redrive_end(a);
	a->retry.what = *what;
	a->retry.what.upto = last;
	a->retry.delivered = a->retry.refused = a->retry.unsendable = 0;
	return keep_texts(&a->retry, what);
}

void redrive_end(struct agent *a)
{
	struct retry *r = &a->retry;
	if (r->memory)
		log_info("dead letters tried again: %" PRIu64 " delivered, %" PRIu64
		         " refused again, %" PRIu64 " that cannot be sent",
		         r->delivered, r->refused, r->unsendable);
	free(r->memory);
	r->memory = NULL;
}

bool redrive_is_out(const struct agent *a, int64_t number)
{
	const struct retry *r = &a->retry;
	for (size_t i = 0; i < r->nout; i++) {
		if (r->out[i] == number)
			return true;
	}
	return false;
}

/*
 * The endpoint it was for, or, when that is gone, the one its source has now; -1 for neither, and
 * for one without url: it may never get one.
 */
static int endpoint_of(const struct agent *a, const struct store_dead *d)
{
	const struct conf_source *s = conf_source_named(a->conf, d->source);
	int found = s ? (int)s->endpoint : -1;
	for (size_t i = 0; i < a->conf->nendpoints; i++) {
		if (strcmp(a->conf->endpoints[i].name, d->endpoint) == 0)
			found = (int)i;
	}
	return found >= 0 && a->conf->endpoints[found].url[0] ? found : -1;
}

/* 1 ends the round: no room. */
static int send_one(const struct store_dead *d, void *arg)
{
	struct agent *a = arg;
	struct retry *r = &a->retry;
	int endpoint = endpoint_of(a, d);
	if (endpoint >= 0 &&
	    (r->nout == RETRY_OUT || !ship_room_again(a->ship, (size_t)endpoint, false))) {
		r->what.after = d->number - 1; /* what was passed over to find it is not meant */
		return 1;
	}
	/* It has its try already; if by the retry before, the answer is counted by this one. */
	bool tried = redrive_is_out(a, d->number) ||
	             (endpoint >= 0 && d->run > 0 && a->lifted[endpoint].run == d->run);
	int rc = 0;
	if (endpoint >= 0 && !tried)
		rc = redrive_send(a, (size_t)endpoint, d);
	if (rc < 0)
		return rc;
	if (rc == 1)
		r->out[r->nout++] = d->number;
	else if (!tried)
		r->unsendable++;
	r->what.after = d->number;
	return 0;
}

bool redrive_go_on(struct agent *a)
{
	struct retry *r = &a->retry;
	if (!r->memory || a->stopping || a->reload || r->nout == RETRY_OUT)
		return false;
	int64_t before = r->what.after;
	r->what.limit = RETRY_OUT;
	int rc = store_dead_find(a->store, &r->what, send_one, a);
	if (rc < 0 && rc != -ENOMEM) {
		log_warning("try dead letters again: %s; the rest stays as it is",
		            store_error(a->store));
		redrive_end(a);
	} else if (rc == 0 && r->what.after == before && r->nout == 0) {
		redrive_end(a);
	}
	return rc == 0 && r->what.after != before;
}

bool redrive_answered(struct agent *a, const struct ship_done *done)
{
	struct retry *r = &a->retry;
	for (size_t i = 0; i < r->nout; i++) {
		if (r->out[i] != done->dead)
			continue;
		r->out[i] = r->out[--r->nout];
		if (done->outcome == SHIP_ACCEPTED)
			r->delivered++;
		else
			r->refused++;
		return true;
	}
	return false;
}
