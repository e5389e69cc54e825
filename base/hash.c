/* XXH_INLINE_ALL compiles libxxhash in place (its documented way), which inlines short inputs. */
#define XXH_INLINE_ALL
#include "base/hash.h"

#include <string.h>
#include <xxhash.h>

static struct hash128 canonical(XXH128_hash_t h)
{
	XXH128_canonical_t c;
	XXH128_canonicalFromHash(&c, h);
	struct hash128 ret;
	memcpy(ret.bytes, c.digest, sizeof(ret.bytes));
	return ret;
}

struct hash128 hash_bytes(const void *data, size_t len)
{
	return canonical(XXH3_128bits(data, len));
}

_Static_assert(sizeof(XXH3_state_t) == sizeof(struct hash_begun), "libxxhash's state has grown");

void hash_begin(struct hash_begun *ret, const void *data, size_t len)
{
	XXH3_state_t state;
	XXH3_INITSTATE(&state);
	(void)XXH3_128bits_reset(&state);
	(void)XXH3_128bits_update(&state, data, len);
	memcpy(ret->bytes, &state, sizeof(state));
}

struct hash128 hash_end(const struct hash_begun *begun, const void *a, size_t alen, const void *b,
                        size_t blen)
{
	XXH3_state_t state; /* aligned as libxxhash requires */
	memcpy(&state, begun->bytes, sizeof(state));
	(void)XXH3_128bits_update(&state, a, alen);
	(void)XXH3_128bits_update(&state, b, blen);
	return canonical(XXH3_128bits_digest(&state));
}

bool hash_equal(const struct hash128 *a, const struct hash128 *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool hash_is_zero(const struct hash128 *h)
{
	static const struct hash128 zero;
	return hash_equal(h, &zero);
}

typedef unsigned char block __attribute__((vector_size(16)));

/* Converts sixteen digits at a time for speed: every record has an eventId. */
void hash_hex(const struct hash128 *h, char ret[HASH_HEX_SIZE])
{
	block bytes, halves[2];
	unsigned char digits[HASH_HEX_SIZE - 1];
	memcpy(&bytes, h->bytes, sizeof(bytes));
	const block high = bytes / 16, low = bytes % 16;
	for (int i = 0; i < 16; i++) {
		digits[2 * i] = high[i];
		digits[2 * i + 1] = low[i];
	}
	memcpy(halves, digits, sizeof(halves));
	for (int i = 0; i < 2; i++)
		halves[i] += '0' + ((block)(halves[i] > 9) & ('a' - '9' - 1));
	memcpy(ret, halves, sizeof(halves));
	ret[HASH_HEX_SIZE - 1] = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hash_from_hex(const char *text, struct hash128 *ret)
{
	struct hash128 h;
	if (strlen(text) != HASH_HEX_SIZE - 1)
		return false;
	for (size_t i = 0; i < sizeof(h.bytes); i++) {
		int high = hex_digit(text[2 * i]);
		int low = hex_digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		h.bytes[i] = (unsigned char)(high << 4 | low);
	}
	*ret = h;
	return true;
}
