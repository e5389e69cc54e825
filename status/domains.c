#include "status/domains.h"

#include <stdbool.h>
#include <string.h>

#include "base/hash.h"

/* The text after the last @, in lower case; false if it is no name that may have a slot. */
static bool domain_of(struct slice address, char ret[DOMAIN_SIZE], size_t *ret_len)
{
	const char *at = memrchr(address.text, '@', address.len);
	const char *p = at ? at + 1 : NULL;
	size_t len = p ? (size_t)(address.text + address.len - p) : 0;
	if (len == 0 || len >= DOMAIN_SIZE)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = p[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c + ('a' - 'A'));
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '-')
			return false;
		ret[i] = c;
	}
	ret[len] = '\0';
	*ret_len = len;
	return true;
}

static void take_slot(struct domains *d, uint64_t hash, const char *name, size_t len)
{
	if (d->n == DOMAINS_MAX)
		return;
	d->slots[d->n].hash = hash;
	memcpy(d->slots[d->n].name, name, len + 1);
	d->n++;
}

/* Domains in one cell count each other down: only one more frequent than the rest gets a slot. */
static void weigh(struct domains *d, uint64_t hash, const char *name, size_t len)
{
	uint32_t *events = &d->cells[hash % DOMAIN_CELLS].events;
	uint64_t *owner = &d->cells[hash % DOMAIN_CELLS].hash;
	if (*events > 0 && *owner != hash) {
		(*events)--;
		return;
	}
	*owner = hash;
	if (++*events < DOMAIN_LARGE)
		return;
	*events = 0;
	take_slot(d, hash, name, len);
}

void domains_count(struct domains *d, struct slice address)
{
	char name[DOMAIN_SIZE];
	size_t len;
	uint64_t hash;
	if (!domain_of(address, name, &len)) {
		d->others++;
		return;
	}
	struct hash128 h = hash_bytes(name, len);
	memcpy(&hash, h.bytes, sizeof(hash));
	for (size_t i = 0; i < d->n; i++) {
		if (d->slots[i].hash == hash && strcmp(d->slots[i].name, name) == 0) {
			d->slots[i].events++;
			return;
		}
	}
	d->others++;
	weigh(d, hash, name, len);
}
