/* What is to be written down, and writing it: one transaction a turn of the loop, all or none. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/scope.h"
#include "rules/judge.h"

#define LETTERS_BYTES_MAX (256 << 10) /* waiting for the store; at that, reading stops */
#define ANSWER_MAX 512                /* of the answer, this much is kept with a dead letter */
#define PROOFS_MAX 8
#define SAY_EVERY_MS 60000

/* ---- opening ---- */

/*
 * What makes a batch's bytes what they are, beside the rows.  A boundary that was stored under
 * another of these would give other bytes, and thus another key: it is of no use.
 */
static struct hash128 body_digest(const struct conf *conf, const struct rules *rules)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	if (!f)
		return (struct hash128){{0}};
	(void)fprintf(f, "1 %zu", conf->record_max);
	for (size_t i = 0; i < conf->nsources; i++) {
		const struct conf_source *s = &conf->sources[i];
		const struct ship_conf *e = &conf->endpoints[s->endpoint];
		(void)fprintf(f, "\n%s %s %d %s %d", s->name, e->name, (int)e->format,
		              e->type_field, (int)e->fill_addresses);
		for (size_t j = 0; j < s->records.n; j++)
			(void)fprintf(f, " %s", s->records.v[j]);
		for (size_t j = 0; j < s->record_fields.n; j++)
			(void)fprintf(f, "\n%s", s->record_fields.v[j]);
	}
	if (rules) {
		struct rules_view view;
		rules_view(rules, &view);
		(void)fprintf(f, "\n%s", view.digest);
	}
	(void)fclose(f);
	struct hash128 h = hash_bytes(text, len);
	free(text);
	return h;
}

static int on_bound(const struct store_batch *b, void *arg)
{
	struct agent *a = arg;
	struct bound *p = realloc(a->bounds, (a->nbounds + 1) * sizeof(*p));
	if (!p)
		return -ENOMEM;
	a->bounds = p;
	a->bounds[a->nbounds++] = (struct bound){b->file, b->start, b->end};
	return 0;
}

static int load_bounds(struct agent *a)
{
	char now[HASH_HEX_SIZE], then[HASH_HEX_SIZE];
	struct hash128 digest = body_digest(a->conf, a->rules);
	hash_hex(&digest, now);
	a->nbounds = 0;
	int rc = store_get_text(a->store, "agent", "digest", then, sizeof(then));
	if (rc == 0)
		rc = store_batches(a->store, on_bound, a);
	if (rc < 0 || strcmp(now, then) == 0)
		return rc;
	if (a->nbounds > 0)
		log_warning(
		        "the configuration changed what is sent: %zu batches that were in flight "
		        "are cut anew, under new keys",
		        a->nbounds);
	a->nbounds = 0;
	rc = store_begin(a->store);
	if (rc == 0)
		rc = store_batches_clear(a->store);
	if (rc == 0)
		rc = store_put_text(a->store, "agent", "digest", now);
	if (rc == 0)
		rc = store_commit(a->store, a->now_ms);
	if (rc < 0)
		store_rollback(a->store);
	return rc;
}

uint64_t commit_bound(struct agent *a, int64_t file, uint64_t start)
{
	for (size_t i = 0; i < a->nbounds; i++) {
		if (a->bounds[i].file == file && a->bounds[i].start == start) {
			uint64_t end = a->bounds[i].end;
			a->bounds[i] = a->bounds[--a->nbounds];
			return end;
		}
	}
	return 0;
}

static void look_if_full(struct agent *a)
{
	bool full = a->dead_records >= (int64_t)a->conf->dead_max_records ||
	            a->dead_bytes >= (int64_t)a->conf->dead_max_bytes;
	if (full && !a->dead_full)
		log_error(
		        "%" PRId64 " dead letters (%" PRId64
		        " bytes) have reached dead-max-records "
		        "or dead-max-bytes: reading stops, nothing is lost; see 'pmta-shipper dead "
		        "list'",
		        a->dead_records, a->dead_bytes);
	a->dead_full = full;
}

void commit_recount(struct agent *a)
{
	(void)!store_dead_count(a->store, &a->dead_records, &a->dead_bytes);
	look_if_full(a);
}

int commit_open(struct agent *a, struct err *err)
{
	free(a->remembered);
	free(a->lifted);
	a->remembered = calloc(a->conf->nendpoints, sizeof(*a->remembered));
	a->lifted = calloc(a->conf->nendpoints, sizeof(*a->lifted));
	int rc = a->remembered && a->lifted ? load_bounds(a) : -ENOMEM;
	for (size_t i = 0; rc == 0 && i < a->conf->nendpoints; i++)
		rc = endpoint_memory_load(a, i);
	if (rc == 0)
		rc = store_dead_count(a->store, &a->dead_records, &a->dead_bytes);
	if (rc == 0)
		look_if_full(a); /* the limits may be others now */
	return rc < 0 ? err_set(err, rc, "read the store: %s", store_error(a->store)) : 0;
}

static void clear(struct agent *a)
{
	for (size_t i = 0; i < a->nletters; i++)
		free(a->letters[i].memory);
	a->nletters = a->ndropped = a->ndone = 0;
	a->letters_bytes = 0;
}

void commit_close(struct agent *a)
{
	clear(a);
	free(a->letters);
	free(a->dropped);
	free(a->done);
	free(a->bounds);
	free(a->lifted);
	free(a->remembered);
}

/* ---- dead letters ---- */

bool commit_full(const struct agent *a)
{
	return a->dead_full || a->letters_bytes >= LETTERS_BYTES_MAX;
}

/* Append texts to one block of memory and point the letter at it. */
static char *keep(char **at, const char *text, size_t len)
{
	char *to = *at;
	memcpy(to, text, len);
	to[len] = '\0';
	*at += len + 1;
	return to;
}

static int keep_letter(struct agent *a, const struct store_dead *d, bool again)
{
	if (a->nletters == a->letters_room) {
		size_t more = a->letters_room ? 2 * a->letters_room : 8;
		struct letter *p = realloc(a->letters, more * sizeof(*p));
		if (!p)
			return -ENOMEM;
		a->letters = p;
		a->letters_room = more;
	}
	size_t file = strlen(d->file), reason = strlen(d->reason);
	size_t answer = d->answer.len < ANSWER_MAX ? d->answer.len : ANSWER_MAX;
	size_t room = file + reason + answer + d->header.len + d->row.len + 5;
	char *at = malloc(room);
	if (!at)
		return -ENOMEM;
	a->letters_bytes += room;
	struct letter *l = &a->letters[a->nletters++];
	*l = (struct letter){.d = *d, .memory = at, .again = again};
	l->d.file = keep(&at, d->file, file);
	l->d.reason = keep(&at, d->reason, reason);
	l->d.answer = (struct slice){keep(&at, d->answer.text, answer), answer};
	l->d.header.text = keep(&at, d->header.text, d->header.len);
	l->d.row.text = keep(&at, d->row.text, d->row.len);
	l->d.made_ms = clock_real_ms();
	return 0;
}

int commit_dead_letter(struct agent *a, const struct store_dead *d)
{
	unsigned long left_out;
	int rc = keep_letter(a, d, false);
	if (rc < 0)
		return rc;
	char more[LOG_MORE_SIZE];
	if (log_allowed(&a->dead_limit, a->now_ms, 1000, &left_out))
		log_warning("dead letter (%s): \"%s\" at byte %" PRIu64 ": %s; kept, see "
		            "'pmta-shipper dead list'%s",
		            d->kind, d->file, d->start, d->reason, log_more(left_out, more));
	return 0;
}

/* One record of a finished batch as a dead letter: its row as it stands in the file, if it does. */
static int bury_item(struct agent *a, const struct ship_done *done, size_t i, const char *kind)
{
	const struct ship_item *item = &done->items[i];
	struct tail_file *f = done->tag.owner;
	size_t len = (size_t)(item->mark.end - item->mark.start);
	scope_free char *row = malloc(len + 1);
	if (!row)
		return -ENOMEM;
	bool there = tail_file_row(f, &item->mark, row) == 0;
	const struct store_dead d = {
	        .id = item->mark.id,
	        .source = tail_file_source(f),
	        .endpoint = a->conf->endpoints[done->endpoint].name,
	        .file = tail_file_name(f),
	        .start = item->mark.start,
	        .end = item->mark.end,
	        .kind = kind,
	        .reason = done->why,
	        .status = done->status,
	        .answer = done->answer,
	        .header = tail_file_header(f),
	        .row = there ? (struct slice){row, len}
	                     : (struct slice){done->body + item->body_start, item->body_len},
	        .row_is_json = !there,
	        .run = strcmp(kind, "refused") == 0 ? done->run : 0,
	};
	return commit_dead_letter(a, &d);
}

/* ---- what came of a batch ---- */

#define PUSH(list, n, room, value)                                                                 \
	({                                                                                         \
		bool pushed_ = (n) < (room);                                                       \
		if (!pushed_) {                                                                    \
			size_t more_ = (room) ? 2 * (room) : 16;                                   \
			void *p_ = realloc(list, more_ * sizeof(*(list)));                         \
			if (p_) {                                                                  \
				(list) = p_;                                                       \
				(room) = more_;                                                    \
				pushed_ = true;                                                    \
			}                                                                          \
		}                                                                                  \
		if (pushed_)                                                                       \
			(list)[(n)++] = (value);                                                   \
		pushed_;                                                                           \
	})

/* It stays what it is; what was said this time is written down. */
static void refused_again(struct agent *a, const struct ship_done *done)
{
	const struct store_dead d = {
	        .id = done->items[0].mark.id,
	        .file = "",
	        .kind = done->outcome == SHIP_PARTIAL ? "partial" : "refused",
	        .reason = done->why,
	        .status = done->status,
	        .answer = done->answer,
	        .header = SLICE_EMPTY,
	        .row = SLICE_EMPTY,
	};
	if (keep_letter(a, &d, true) < 0)
		log_warning("out of memory: what was said to a dead letter is not kept");
}

/* Another try of a dead letter: delivered whole, it is one no longer. */
static void retried(struct agent *a, const struct ship_done *done)
{
	const struct hash128 id = done->items[0].mark.id;
	if (!redrive_answered(a, done) && a->lifted[done->endpoint].left > 0)
		a->lifted[done->endpoint].left--;
	if (done->outcome != SHIP_ACCEPTED) {
		refused_again(a, done);
		return;
	}
	if (!PUSH(a->dropped, a->ndropped, a->dropped_room, id))
		log_warning("out of memory: a dead letter that was delivered stays in the list");
}

/* Rows of the batch by which its file is recognised: the last, and some at growing distances. */
static size_t choose_proofs(const struct ship_done *done, struct mark proofs[PROOFS_MAX])
{
	size_t n = 0;
	uint64_t end = done->items[done->n - 1].mark.end, distance = LADDER_STEP;
	struct mark back[PROOFS_MAX];
	back[n++] = done->items[done->n - 1].mark;
	for (size_t i = done->n - 1; i-- > 0 && n < PROOFS_MAX;) {
		if (end - done->items[i].mark.end < distance)
			continue;
		back[n++] = done->items[i].mark;
		distance *= 4;
	}
	for (size_t i = 0; i < n; i++)
		proofs[i] = back[n - 1 - i];
	return n;
}

void commit_done(const struct ship_done *done, void *arg)
{
	struct agent *a = arg;
	fault_point("after-answer");
	if (done->dead != 0) {
		retried(a, done);
		return;
	}
	struct tally tally = {0};
	struct mark proofs[PROOFS_MAX];
	for (size_t i = 0; i < done->n; i++) {
		tally_add(&tally, &done->items[i].tally);
		if (ship_failed(done, i) &&
		    bury_item(a, done, i, done->outcome == SHIP_PARTIAL ? "partial" : "refused") <
		            0)
			goto again;
	}
	a->feeds[done->lane].in_flight -= tally.rows;
	if (done->outcome == SHIP_REFUSED)
		tally.dead += done->n;
	else
		tally.acked += done->n;
	uint64_t start = done->items[0].start, end = done->items[done->n - 1].mark.end;
	if (tailer_ack(a->tailer, done->tag.owner, start, end, proofs, choose_proofs(done, proofs),
	               &tally) < 0)
		goto again;
	struct source_counters *counts = a->feeds[done->lane].counts;
	for (size_t i = 0; i < done->n; i++)
		amount_add(done->outcome == SHIP_REFUSED ? &counts->rejected : &counts->shipped,
		           &done->items[i].mark);
	lag_done(&a->feeds[done->lane].times, done);
	const struct bound bound = {done->tag.file, start, end};
	if (done->stored && !PUSH(a->done, a->ndone, a->done_room, bound))
		log_debug("out of memory: a boundary stays in the store until it is passed");
	tailer_release(a->tailer, done->tag.owner, done->n);
	return;
again:
	/* The answer is lost on us; the rows are sent again after the next start, or now. */
	log_error("out of memory: %zu delivered records of \"%s\" cannot be noted and will be sent "
	          "again",
	          done->n, tail_file_name(done->tag.owner));
	a->reload = true;
}

void redrive_lifted(size_t endpoint, int64_t run, void *arg)
{
	struct agent *a = arg;
	/* Letters of a run before have lower numbers: those that are out are not sent twice. */
	a->lifted[endpoint].run = run;
	a->lifted[endpoint].all = false;
}

/* ---- the transaction ---- */

static int put_boundary(const struct ship_tag *tag, uint64_t start, uint64_t end, void *arg)
{
	const struct store_batch b = {tag->file, start, end};
	return store_batch_put(arg, &b);
}

static int put_letters(struct agent *a, int64_t *ret_records, int64_t *ret_bytes)
{
	for (size_t i = 0; i < a->nletters; i++) {
		const struct store_dead *d = &a->letters[i].d;
		bool is_new = false;
		int rc = a->letters[i].again ? store_dead_again(a->store, d)
		                             : store_dead_put(a->store, d, &is_new);
		if (rc < 0)
			return rc;
		*ret_records += is_new;
		*ret_bytes += is_new ? (int64_t)(d->row.len + d->header.len + d->answer.len) : 0;
	}
	return 0;
}

static int put_all(struct agent *a, int64_t *ret_records, int64_t *ret_bytes)
{
	int rc = put_letters(a, ret_records, ret_bytes);
	for (size_t i = 0; rc == 0 && i < a->ndropped; i++)
		rc = store_dead_drop(a->store, &a->dropped[i]);
	for (size_t i = 0; rc == 0 && i < a->ndone; i++) {
		const struct store_batch b = {a->done[i].file, a->done[i].start, a->done[i].end};
		rc = store_batch_drop(a->store, &b);
	}
	/* After the drops: a half of a split batch begins where its parent did. */
	if (rc == 0)
		rc = ship_boundaries(a->ship, put_boundary, a->store);
	if (rc == 0)
		rc = tailer_save(a->tailer);
	for (size_t i = 0; rc == 0 && i < a->conf->nsources; i++)
		rc = lag_put(&a->feeds[i].times, a->store, a->conf->sources[i].name);
	for (size_t i = 0; rc == 0 && i < a->conf->nendpoints; i++)
		rc = endpoint_memory_put(a, i);
	return rc;
}

static bool anything(const struct agent *a)
{
	return a->nletters > 0 || a->ndropped > 0 || a->ndone > 0 || tailer_dirty(a->tailer) ||
	       ship_has_boundaries(a->ship);
}

static void committed(struct agent *a, int64_t records, int64_t bytes)
{
	if (a->degraded)
		log_info("the store takes writes again: going on");
	a->degraded = false;
	a->dead_records += records;
	a->dead_bytes += bytes;
	if (a->ndropped > 0)
		commit_recount(a);
	for (size_t i = 0; i < a->conf->nendpoints; i++)
		a->remembered[i] = ship_memory(a->ship, i);
	for (size_t i = 0; i < a->conf->nsources; i++)
		a->feeds[i].times.changed = false;
	clear(a);
	ship_stored(a->ship);
	tailer_saved(a->tailer);
	look_if_full(a);
}

bool commit_write(struct agent *a)
{
	int64_t records = 0, bytes = 0;
	unsigned long left_out;
	char more[LOG_MORE_SIZE];
	if (!anything(a))
		return true;
	int rc = store_begin(a->store);
	if (rc == 0)
		rc = put_all(a, &records, &bytes);
	fault_point("in-commit");
	if (rc == 0)
		rc = store_commit(a->store, a->now_ms);
	fault_point("after-commit");
	if (rc == 0) {
		committed(a, records, bytes);
		return true;
	}
	if (log_allowed(&a->store_limit, a->now_ms, SAY_EVERY_MS, &left_out))
		log_error(
		        "write the store in \"%s\": %s; nothing new is sent until it works, trying "
		        "again every second%s",
		        a->conf->state_dir, store_error(a->store), log_more(left_out, more));
	store_rollback(a->store);
	a->degraded = true;
	return false;
}
