#include "agent/redrive.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/endpoint_memory.h"
#include "base/log.h"
#include "base/scope.h"
#include "csv/encode.h"

int redrive_open(struct redrive *r)
{
	free(r->lifted);
	r->lifted = calloc(r->conf->nendpoints, sizeof(*r->lifted));
	r->retry.nout = 0;
	return r->lifted ? 0 : -ENOMEM;
}

void redrive_close(struct redrive *r)
{
	redrive_end(r);
	free(r->lifted);
	r->lifted = NULL;
}

/* ---- one letter ---- */

/* Encodes a dead letter's row as JSON, as it would be sent today. */
static int encode(struct redrive *r, size_t endpoint, const struct store_dead *d, char *ret,
                  size_t room, size_t *ret_len)
{
	const struct ship_conf *e = &r->conf->endpoints[endpoint];
	const struct conf_source *source = conf_source_named(r->conf, d->source);
	if (!source)
		return -ENOENT;
	const struct encode how = {
	        {r->conf->record_max, &source->record_fields, e->type_field}, r->rules, &e->fill};
	const struct event_salt salt = {0}; /* not needed: d->id has the row's eventId */
	const struct line line = {.text = d->row.text,
	                          .len = d->row.len,
	                          .from = d->start,
	                          .start = d->start,
	                          .end = d->end,
	                          .salt = &salt};
	return encode_row(&how, d->header, &line, &d->id, ret, room, ret_len);
}

static const char *why_not(int rc)
{
	return rc == -EBADMSG  ? "its row is not a record"
	       : rc == -ENOENT ? "the configuration has no such source (put it back and reload, or "
	                         "see 'pmta-shipper dead export' and 'drop')"
	       : rc == -ENOSPC ? "it is larger than batch-bytes"
	                       : strerror(-rc);
}

/* Adds it to the endpoint's batches.  Returns 1; 0 if it cannot be encoded; a negative errno. */
static int send_letter(struct redrive *r, size_t endpoint, const struct store_dead *d)
{
	const struct ship_item item = {.mark = {d->start, d->end, d->id}};
	size_t room = r->conf->endpoints[endpoint].batch_bytes;
	scope_free char *text = malloc(room);
	if (!text)
		return -ENOMEM;
	struct slice object = d->row;
	if (!d->row_is_json) {
		size_t len = 0;
		int rc = encode(r, endpoint, d, text, room, &len);
		if (rc == -ENOMEM) /* a later try may succeed */
			return rc;
		if (rc < 0) {
			char why[256];
			(void)snprintf(why, sizeof(why),
			               "dead letter %" PRId64
			               " cannot be sent again: %s; it is kept",
			               d->number,
			               rc == -ECANCELED ? "a rule withholds it now" : why_not(rc));
			r->warn(why, r->arg);
			return 0;
		}
		object = (struct slice){text, len};
	}
	int rc = ship_add_dead(r->ship, endpoint, d->number, object, &item, r->now_ms);
	return rc < 0 ? rc : 1;
}

static bool is_out(const struct retry *retry, int64_t number)
{
	for (size_t i = 0; i < retry->nout; i++) {
		if (retry->out[i] == number)
			return true;
	}
	return false;
}

/* ---- a lifted run ---- */

struct round {
	struct redrive *redrive;
	size_t endpoint;
};

/* Returns 1 to end the round when there is no room. */
static int send_lifted(const struct store_dead *d, void *arg)
{
	const struct round *round = arg;
	struct redrive *r = round->redrive;
	struct lifted *l = &r->lifted[round->endpoint];
	if (!ship_room_again(r->ship, round->endpoint, true))
		return 1;
	int rc = 0;
	if (!is_out(&r->retry, d->number)) /* otherwise it is being tried already */
		rc = send_letter(r, round->endpoint, d);
	if (rc < 0)
		return rc;
	l->left += rc == 1;
	l->after = d->number;
	return 0;
}

/* Returns 0, or a negative errno when the run cannot continue. */
static int go_on_with_run(struct redrive *r, size_t endpoint)
{
	struct round round = {r, endpoint};
	struct lifted *l = &r->lifted[endpoint];
	if (!l->all && ship_room_again(r->ship, endpoint, true)) {
		int rc = store_dead_run(r->store, r->conf->endpoints[endpoint].name,
		                        r->memory->lifted[endpoint], l->after, send_lifted, &round);
		if (rc < 0)
			return rc == -ENOMEM ? 0 : rc; /* the rest comes later */
		l->all = rc == 0;
	}
	return l->all && l->left == 0 ? endpoint_memory_lift_over(r->memory, endpoint) : 0;
}

/* Letters of an earlier run have lower numbers: those in flight are not sent twice. */
void redrive_lifted(struct redrive *r, size_t endpoint, int64_t run)
{
	r->memory->lifted[endpoint] = run;
	r->lifted[endpoint].all = false;
}

/* The store forgets a run only when all are answered, so that a stop in between loses no retry. */
static void go_on_with_runs(struct redrive *r)
{
	for (size_t i = 0; i < r->conf->nendpoints; i++) {
		int rc = r->memory->lifted[i] != 0 ? go_on_with_run(r, i) : 0;
		if (rc < 0) {
			log_warning("cannot retry the refused records: %s; see 'pmta-shipper dead "
			            "list'",
			            strerror(-rc));
			r->memory->lifted[i] = 0;
		}
	}
}

/* ---- `dead retry` ---- */

/* Copies the filter's texts into one piece of memory. */
static int keep_texts(struct retry *r, const struct store_dead_filter *what)
{
	const char *const from[] = {what->ids, what->source, what->endpoint, what->reason};
	const char **const to[] = {&r->what.ids, &r->what.source, &r->what.endpoint,
	                           &r->what.reason};
	size_t room = 1;
	for (size_t i = 0; i < 4; i++)
		room += from[i] ? strlen(from[i]) + 1 : 0;
	char *at = malloc(room);
	if (!at)
		return -ENOMEM;
	r->memory = at;
	for (size_t i = 0; i < 4; i++) {
		if (!from[i])
			continue;
		size_t len = strlen(from[i]) + 1;
		*to[i] = memcpy(at, from[i], len);
		at += len;
	}
	return 0;
}

/* Only letters that exist now are retried, so that one refused again is not tried for ever. */
int redrive_begin(struct redrive *r, const struct store_dead_filter *what, int64_t *ret_n)
{
	int64_t last;
	int rc = store_dead_count_found(r->store, what, ret_n, &last);
	if (rc < 0 || *ret_n == 0)
		return rc;
	redrive_end(r);
	r->retry.what = *what;
	r->retry.what.upto = last;
	r->retry.delivered = r->retry.refused = r->retry.unsendable = 0;
	return keep_texts(&r->retry, what);
}

void redrive_end(struct redrive *r)
{
	struct retry *retry = &r->retry;
	if (retry->memory)
		log_info("dead letters tried again: %" PRIu64 " delivered, %" PRIu64
		         " refused again, %" PRIu64 " that cannot be sent",
		         retry->delivered, retry->refused, retry->unsendable);
	free(retry->memory);
	retry->memory = NULL;
}

/*
 * The endpoint that the letter was for or, if that no longer exists, the one its source has now.
 * Returns -1 for neither, and for one without a URL, which may never get one.
 */
static int endpoint_of(const struct redrive *r, const struct store_dead *d)
{
	const struct conf_source *s = conf_source_named(r->conf, d->source);
	int found = s ? (int)s->endpoint : -1;
	for (size_t i = 0; i < r->conf->nendpoints; i++) {
		if (strcmp(r->conf->endpoints[i].name, d->endpoint) == 0)
			found = (int)i;
	}
	return found >= 0 && r->conf->endpoints[found].url[0] ? found : -1;
}

/* Returns 1 to end the round when there is no room. */
static int send_meant(const struct store_dead *d, void *arg)
{
	struct redrive *r = arg;
	struct retry *retry = &r->retry;
	int endpoint = endpoint_of(r, d);
	if (endpoint >= 0 &&
	    (retry->nout == RETRY_OUT || !ship_room_again(r->ship, (size_t)endpoint, false))) {
		/* This letter is next; those before it that the filter skipped are done. */
		retry->what.after = d->number - 1;
		return 1;
	}
	/* It is being tried already; an answer to an earlier retry is counted in this one. */
	bool tried = is_out(retry, d->number) ||
	             (endpoint >= 0 && d->run > 0 && r->memory->lifted[endpoint] == d->run);
	int rc = 0;
	if (endpoint >= 0 && !tried)
		rc = send_letter(r, (size_t)endpoint, d);
	if (rc < 0)
		return rc;
	if (rc == 1)
		retry->out[retry->nout++] = d->number;
	else if (!tried)
		retry->unsendable++;
	retry->what.after = d->number;
	return 0;
}

/* Returns true if more may be done at once. */
static bool go_on_with_retry(struct redrive *r)
{
	struct retry *retry = &r->retry;
	if (!retry->memory || retry->nout == RETRY_OUT)
		return false;
	int64_t before = retry->what.after;
	retry->what.limit = RETRY_OUT;
	int rc = store_dead_find(r->store, &retry->what, send_meant, r);
	if (rc < 0 && rc != -ENOMEM) {
		log_warning("retry of dead letters stopped: %s; the remaining ones are unchanged",
		            store_error(r->store));
		redrive_end(r);
	} else if (rc == 0 && retry->what.after == before && retry->nout == 0) {
		redrive_end(r);
	}
	return rc == 0 && retry->what.after != before;
}

bool redrive_turn(struct redrive *r, int64_t now_ms)
{
	r->now_ms = now_ms;
	go_on_with_runs(r);
	return go_on_with_retry(r);
}

void redrive_answered(struct redrive *r, const struct ship_done *done)
{
	struct retry *retry = &r->retry;
	struct lifted *l = &r->lifted[done->endpoint];
	for (size_t i = 0; i < retry->nout; i++) {
		if (retry->out[i] != done->dead)
			continue;
		retry->out[i] = retry->out[--retry->nout];
		*(done->outcome == SHIP_ACCEPTED ? &retry->delivered : &retry->refused) += 1;
		return;
	}
	if (l->left > 0)
		l->left--;
}
