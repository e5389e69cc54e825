/* Dead letters that get another try: their rows, encoded as they would be sent today. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "base/scope.h"
#include "rules/judge.h"

struct again {
	struct agent *agent;
	size_t endpoint;
};

/* The JSON of a dead letter's row, as it would be sent today. */
static int encode(struct agent *a, size_t endpoint, const struct store_dead *d, char *ret,
                  size_t room, size_t *ret_len)
{
	const struct ship_conf *e = &a->conf->endpoints[endpoint];
	const struct conf_source *source = conf_source_named(a->conf, d->source);
	if (!source)
		return -ENOENT;
	const struct reader_conf conf = {a->conf->record_max, &source->record_fields,
	                                 e->type_field};
	struct reader *reader = NULL;
	struct json *json = NULL;
	struct record rec;
	struct judge_text verdict;
	struct event_salt salt = {0};
	const struct line line = {.text = d->row.text,
	                          .len = d->row.len,
	                          .from = d->start,
	                          .start = d->start,
	                          .end = d->end,
	                          .salt = &salt};
	int rc = reader_new(&reader, &conf);
	if (rc == 0)
		rc = json_new(&json, e->fill_addresses);
	if (rc == 0)
		rc = reader_begin(reader, d->header);
	if (rc == 0)
		rc = reader_row(reader, &line, &rec) == READ_RECORD ? 0 : -EBADMSG;
	if (rc == 0) {
		rec.mark.id = d->id; /* the row's own file is not at hand, and need not be */
		rc = judge_record(a->rules, &rec, &verdict);
	}
	if (rc == JUDGE_WITHHELD)
		rc = -ECANCELED;
	if (rc == 0) {
		ssize_t n = json_record(json, &rec, ret, room);
		*ret_len = n < 0 ? 0 : (size_t)n;
		rc = n < 0 ? (int)n : 0;
	}
	(void)json_free(json);
	(void)reader_free(reader);
	return rc;
}

static const char *why_not(int rc)
{
	return rc == -EBADMSG  ? "its row is no record"
	       : rc == -ENOENT ? "the configuration has no such source"
	       : rc == -ENOSPC ? "it is larger than batch-bytes"
	                       : strerror(-rc);
}

int redrive_send(struct agent *a, size_t endpoint, const struct store_dead *d)
{
	const struct ship_item item = {.mark = {d->start, d->end, d->id}};
	size_t room = a->conf->endpoints[endpoint].batch_bytes;
	scope_free char *text = malloc(room);
	if (!text)
		return -ENOMEM;
	struct slice object = d->row;
	if (!d->row_is_json) {
		size_t len = 0;
		int rc = encode(a, endpoint, d, text, room, &len);
		if (rc == -ENOMEM) /* later, perhaps */
			return rc;
		if (rc < 0) {
			char why[128]; /* there may be a hundred thousand */
			(void)snprintf(why, sizeof(why),
			               "dead letter %" PRId64 " cannot be sent again: %s; it stays",
			               d->number,
			               rc == -ECANCELED ? "a rule withholds it now" : why_not(rc));
			announce_note(a, LOG_LEVEL_WARNING, why);
			return 0;
		}
		object = (struct slice){text, len};
	}
	int rc = ship_add_dead(a->ship, endpoint, d->number, object, &item, a->now_ms);
	return rc < 0 ? rc : 1;
}

/* 1 ends the round: no room. */
static int try_again(const struct store_dead *d, void *arg)
{
	const struct again *again = arg;
	struct agent *a = again->agent;
	struct lifted *l = &a->lifted[again->endpoint];
	if (!ship_room_again(a->ship, again->endpoint, true))
		return 1;
	int rc = 0;
	if (!redrive_is_out(a, d->number)) /* else it has its try already */
		rc = redrive_send(a, again->endpoint, d);
	if (rc < 0)
		return rc;
	l->left += rc == 1;
	l->after = d->number;
	return 0;
}

/* 0, or a negative errno when that is all that comes of it. */
static int go_on(struct agent *a, size_t endpoint)
{
	struct again again = {a, endpoint};
	struct lifted *l = &a->lifted[endpoint];
	if (!l->all && ship_room_again(a->ship, endpoint, true)) {
		int rc = store_dead_run(a->store, a->conf->endpoints[endpoint].name, l->run,
		                        l->after, try_again, &again);
		if (rc < 0)
			return rc == -ENOMEM ? 0 : rc; /* what is left comes later */
		l->all = rc == 0;
	}
	return l->all && l->left == 0 ? endpoint_memory_lift_over(a, endpoint) : 0;
}

/*
 * The hold for refusals in a row is over: it was the endpoint, so what it refused in that run gets
 * one more try, as many at a time as there is room for.  Called after a commit, so that all of them
 * are in the store.  The store forgets the run when all of them are answered: a stop or reload in
 * between costs none its try.
 */
void redrive_runs(struct agent *a)
{
	if (a->stopping || a->reload)
		return;
	for (size_t i = 0; i < a->conf->nendpoints; i++) {
		int rc = a->lifted[i].run != 0 ? go_on(a, i) : 0;
		if (rc < 0) {
			log_warning(
			        "try refused records again: %s; 'pmta-shipper dead list' has them",
			        strerror(-rc));
			a->lifted[i].run = 0;
		}
	}
}
