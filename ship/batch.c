#include "ship/batch.h"

#include <errno.h>
#include <stdlib.h>

#include "base/gz.h"
#include "base/scope.h"
#include "record/json.h"

#define ROOM_FIRST 4096
#define BOUNDED_MAX (256u << 20) /* no stored boundary is longer, as batch-bytes cannot be */
#define SLACK (JSON_SLACK + 8)   /* JSON's, plus separators and the closing bracket */

struct batch *batch_new(unsigned lane, const struct ship_tag *tag, int64_t now_ms)
{
	struct batch *b = calloc(1, sizeof(*b));
	if (!b)
		return NULL;
	b->lane = lane;
	b->tag = *tag;
	b->opened_ms = now_ms;
	return b;
}

struct batch *batch_free(struct batch *b)
{
	if (b) {
		free(b->items);
		free(b->body);
		free(b->packed);
		free(b);
	}
	return NULL;
}

static int grow_body(struct batch *b, size_t room)
{
	if (room <= b->room)
		return 0;
	char *p = realloc(b->body, room);
	if (!p)
		return -ENOMEM;
	b->body = p;
	b->room = room;
	return 0;
}

static int add_item(struct batch *b, const struct ship_item *item, size_t offset, size_t len)
{
	if (b->n == b->items_room) {
		size_t room = b->items_room ? 2 * b->items_room : 1;
		struct ship_item *p = realloc(b->items, room * sizeof(*p));
		if (!p)
			return -ENOMEM;
		b->items = p;
		b->items_room = room;
	}
	b->items[b->n] = *item;
	b->items[b->n].body_start = (uint32_t)offset;
	b->items[b->n].body_len = (uint32_t)len;
	b->n++;
	return 0;
}

/* Writes the separator before the next object: the array's bracket, a comma, or nothing. */
static size_t put_separator(struct batch *b, const struct ship_conf *conf)
{
	if (conf->format == SHIP_ARRAY)
		b->body[b->len] = b->n == 0 ? '[' : ',';
	return conf->format == SHIP_ARRAY;
}

static size_t put_end(char *at, const struct ship_conf *conf)
{
	if (conf->format == SHIP_NDJSON)
		*at = '\n';
	return conf->format == SHIP_NDJSON;
}

/* The most the body may hold.  A boundary stored under other limits is kept, whatever they are. */
static size_t most(const struct batch *b, const struct ship_conf *conf)
{
	return b->bounded ? BOUNDED_MAX : conf->batch_bytes;
}

int batch_add(struct batch *b, const struct ship_conf *conf, const struct record *rec,
              const struct ship_item *item)
{
	const size_t limit = most(b, conf);
	for (size_t want = b->len + rec->raw.len * 2 + 512;;) {
		if (want > limit)
			want = limit;
		size_t room = b->room > ROOM_FIRST ? b->room : ROOM_FIRST;
		if (conf->format == SHIP_OBJECT)
			room = want + SLACK;
		while (room < want + SLACK)
			room *= 2;
		int rc = grow_body(b, room);
		if (rc < 0)
			return rc;
		size_t at = b->len + put_separator(b, conf);
		ssize_t n = json_record(rec, &conf->fill, b->body + at, b->room - at - 2);
		if (n == -ENOSPC && want < limit) {
			want = 2 * want;
			continue;
		}
		if (n == -ENOSPC || (n > 0 && at + (size_t)n + 2 > limit))
			return b->n > 0 ? -ENOSPC : -E2BIG;
		if (n < 0)
			return (int)n;
		rc = add_item(b, item, at, (size_t)n);
		if (rc == 0)
			b->len = at + (size_t)n + put_end(b->body + at + n, conf);
		return rc;
	}
}

int batch_add_text(struct batch *b, const struct ship_conf *conf, struct slice object,
                   const struct ship_item *item)
{
	int rc = grow_body(b, b->len + object.len + SLACK);
	if (rc < 0)
		return rc;
	size_t at = b->len + put_separator(b, conf);
	memcpy(b->body + at, object.text, object.len);
	rc = add_item(b, item, at, object.len);
	if (rc == 0)
		b->len = at + object.len + put_end(b->body + at + object.len, conf);
	return rc;
}

bool batch_full(const struct batch *b, const struct ship_conf *conf)
{
	if (conf->format == SHIP_OBJECT)
		return b->n > 0;
	return !b->bounded && (b->n >= conf->batch_records || b->len >= conf->batch_bytes);
}

void batch_seal(struct batch *b, const struct ship_conf *conf)
{
	if (conf->format == SHIP_ARRAY)
		b->body[b->len++] = ']';
	struct hash128 h = hash_bytes(b->body, b->len);
	hash_hex(&h, b->key);
	b->state = BATCH_SEALED;
	/* A batch of one record has only one boundary; a dead letter is no range of a file. */
	b->stored = b->dead || conf->format == SHIP_OBJECT;
}

struct slice batch_object(const struct batch *b, size_t i)
{
	return (struct slice){b->body + b->items[i].body_start, b->items[i].body_len};
}

void batch_items(const struct batch *b, struct transport_item *ret)
{
	for (size_t i = 0; i < b->n; i++) {
		ret[i] = (struct transport_item){.object = batch_object(b, i),
		                                 .route = SLICE_EMPTY};
		hash_hex(&b->items[i].mark.id, ret[i].event_id);
	}
}

static struct batch *piece(const struct batch *b, const struct ship_conf *conf, size_t from,
                           size_t to)
{
	struct batch *p = batch_new(b->lane, &b->tag, b->opened_ms);
	if (!p)
		return NULL;
	p->dead = b->dead;
	for (size_t i = from; i < to; i++) {
		if (batch_add_text(p, conf, batch_object(b, i), &b->items[i]) < 0)
			return batch_free(p);
	}
	batch_seal(p, conf);
	return p;
}

int batch_split(const struct batch *b, const struct ship_conf *conf, struct batch **ret_left,
                struct batch **ret_right)
{
	struct batch *left = piece(b, conf, 0, b->n / 2);
	struct batch *right = piece(b, conf, b->n / 2, b->n);
	if (!left || !right) {
		(void)batch_free(left);
		(void)batch_free(right);
		return -ENOMEM;
	}
	*ret_left = left;
	*ret_right = right;
	return 0;
}

int batch_pack(struct batch *b)
{
	size_t len = gz_bound(b->len);
	scope_free char *packed = malloc(len);
	if (!packed)
		return -ENOMEM;
	int rc = gz_compress(b->body, b->len, packed, &len);
	if (rc < 0)
		return rc;
	free(b->packed);
	b->packed = STEAL(packed);
	b->packed_len = len;
	return 0;
}
