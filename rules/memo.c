/*
 * Real bounces repeat a few texts.  Keys are compared byte by byte, since an attacker could produce
 * hash collisions.  Their bytes are stored one after the other; when the room is used up, all
 * entries are dropped at once, which costs less than tracking their last use.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "rules/impl.h"

#define SLOTS 8192 /* a power of two */
#define BYTES (2 << 20)

struct slot {
	uint64_t hash;
	uint32_t at, len;
	int32_t value;
};

struct memo {
	struct slot slots[SLOTS];
	size_t used;
	uint64_t hash; /* of the last key looked up */
	char bytes[BYTES];
};

int memo_new(struct memo **ret)
{
	struct memo *m = malloc(sizeof(*m)); /* not calloc(): pages of bytes stay untouched */
	if (!m)
		return -ENOMEM;
	memset(m->slots, 0, sizeof(m->slots));
	m->used = 0;
	*ret = m;
	return 0;
}

struct memo *memo_free(struct memo *m)
{
	free(m);
	return NULL;
}

size_t memo_size(void)
{
	return sizeof(struct memo);
}

int32_t memo_get(struct memo *m, struct slice key)
{
	struct hash128 h = hash_bytes(key.text, key.len);
	memcpy(&m->hash, h.bytes, sizeof(m->hash));
	const struct slot *s = &m->slots[m->hash & (SLOTS - 1)];
	if (s->hash != m->hash || s->len != key.len ||
	    memcmp(m->bytes + s->at, key.text, key.len) != 0)
		return MEMO_NOTHING;
	return s->len ? s->value : MEMO_NOTHING;
}

void memo_put(struct memo *m, struct slice key, int32_t value)
{
	if (m->used + key.len > BYTES) {
		memset(m->slots, 0, sizeof(m->slots));
		m->used = 0;
	}
	struct slot *s = &m->slots[m->hash & (SLOTS - 1)];
	*s = (struct slot){m->hash, (uint32_t)m->used, (uint32_t)key.len, value};
	memcpy(m->bytes + m->used, key.text, key.len);
	m->used += key.len;
}
