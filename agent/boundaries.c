#include "agent/boundaries.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

/*
 * The digest of everything besides the rows that determines the bytes of a source's batches.  Names
 * of sections are not in it, and other sources are not: a change of those cuts nothing anew.
 */
static int body_digest(const struct conf *conf, const struct conf_source *s,
                       const struct rules *rules, char ret[HASH_HEX_SIZE])
{
	struct text t;
	struct hash128 h;
	FILE *f = text_begin(&t);
	if (!f)
		return -ENOMEM;
	const struct ship_conf *e = &conf->endpoints[s->endpoint];
	(void)fprintf(f, "2 %zu %d %s %d", conf->record_max, (int)e->format, e->type_field,
	              (int)e->fill.on);
	for (size_t j = 0; j < e->fill.reported_to.n; j++)
		(void)fprintf(f, " %s", e->fill.reported_to.v[j]);
	for (size_t j = 0; j < s->records.n; j++)
		(void)fprintf(f, " %s", s->records.v[j]);
	for (size_t j = 0; j < s->record_fields.n; j++)
		(void)fprintf(f, "\n%s", s->record_fields.v[j]);
	if (rules) {
		struct rules_view view;
		rules_view(rules, &view);
		(void)fprintf(f, "\n%s", view.digest);
	}
	int rc = text_hash(&t, &h);
	if (rc == 0)
		hash_hex(&h, ret);
	return rc;
}

static int add(const struct store_batch *batch, void *arg)
{
	struct boundaries *b = arg;
	struct store_batch *more = reallocarray(b->all, b->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	b->all = more;
	b->all[b->n++] = *batch;
	return 0;
}

/* Deletes a source's boundaries; those stored from now on belong to this digest. */
static int begin_anew(struct store *store, const char *source, const char *digest, int64_t now_ms)
{
	int rc = store_begin(store);
	if (rc == 0)
		rc = store_batches_clear(store, source);
	if (rc == 0)
		rc = store_put_text(store, source, "body", digest);
	if (rc == 0)
		rc = store_commit(store, now_ms);
	if (rc < 0)
		store_rollback(store);
	return rc;
}

/* Adds the boundaries of one source; *ret_dropped counts those that are no longer valid. */
static int load_source(struct boundaries *b, const struct conf *conf, const struct conf_source *s,
                       const struct rules *rules, struct store *store, int64_t now_ms,
                       size_t *ret_dropped)
{
	char now[HASH_HEX_SIZE], then[HASH_HEX_SIZE] = "";
	size_t before = b->n;
	/* When memory runs out they stay, because it is unknown whether they are still valid. */
	int rc = body_digest(conf, s, rules, now);
	if (rc == 0)
		rc = store_get_text(store, s->name, "body", then, sizeof(then));
	if (rc == 0)
		rc = store_batches(store, s->name, add, b);
	if (rc < 0 || strcmp(now, then) == 0)
		return rc;
	*ret_dropped += b->n - before;
	b->n = before;
	return begin_anew(store, s->name, now, now_ms);
}

int boundaries_load(struct boundaries *b, const struct conf *conf, const struct rules *rules,
                    struct store *store, int64_t now_ms)
{
	size_t dropped = 0;
	int rc = 0;
	b->n = 0;
	for (size_t i = 0; rc == 0 && i < conf->nsources; i++)
		rc = load_source(b, conf, &conf->sources[i], rules, store, now_ms, &dropped);
	if (dropped > 0)
		log_warning("the configuration changed the bytes that are sent: new boundaries and "
		            "keys for %zu batch%s in flight",
		            dropped, dropped == 1 ? "" : "es");
	return rc;
}

void boundaries_close(struct boundaries *b)
{
	free(b->all);
	*b = (struct boundaries){0};
}

uint64_t boundaries_take(struct boundaries *b, int64_t file, uint64_t start)
{
	for (size_t i = 0; i < b->n; i++) {
		if (b->all[i].file == file && b->all[i].start == start) {
			uint64_t end = b->all[i].end;
			b->all[i] = b->all[--b->n];
			return end;
		}
	}
	return 0;
}
