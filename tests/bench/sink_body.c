#include "tests/bench/sink_body.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define TOKEN "bounce-S"

int seen_open(struct seen *ret, uint64_t rows)
{
	ret->rows = rows;
	ret->bits = calloc(1, rows / 8 + 1);
	return ret->bits ? 0 : -1;
}

/* Counts the row number in "bounce-S<seed>-<number>@".  Returns true if the row is new. */
static bool is_new(struct seen *seen, const char *record, const char *end)
{
	const char *at = memmem(record, (size_t)(end - record), TOKEN, sizeof(TOKEN) - 1);
	if (!at)
		return false;
	at = memchr(at + sizeof(TOKEN) - 1, '-', (size_t)(end - at) - (sizeof(TOKEN) - 1));
	if (!at)
		return false;
	uint64_t row = 0;
	for (at++; at < end && *at >= '0' && *at <= '9'; at++)
		row = row * 10 + (uint64_t)(*at - '0');
	if (row >= seen->rows)
		return false;
	unsigned char bit = (unsigned char)(1u << (row & 7));
	bool fresh = !(seen->bits[row >> 3] & bit);
	seen->bits[row >> 3] |= bit;
	return fresh;
}

static void count_plain(struct seen *seen, const char *body, size_t len, struct body_count *ret)
{
	const char *end = body + len;
	const char *at = memchr(body, '{', len);

	ret->bytes += len;
	while (at) {
		const char *next = memchr(at + 1, '{', (size_t)(end - at - 1));
		ret->records++;
		ret->distinct += is_new(seen, at, next ? next : end);
		at = next;
	}
}

/* Unpacks the body into memory that is kept for the next body.  Returns the length, or 0. */
static size_t unpack(const char *body, size_t len, char **ret)
{
	static char *space;
	static size_t size;
	z_stream z = {.next_in = (Bytef *)body, .avail_in = (uInt)len};
	int rc = inflateInit2(&z, 15 + 16);

	while (rc == Z_OK) {
		if (z.total_out == size) {
			char *more = realloc(space, size ? size * 2 : 1 << 21);
			if (!more)
				break;
			space = more;
			size = size ? size * 2 : 1 << 21;
		}
		z.next_out = (Bytef *)space + z.total_out;
		z.avail_out = (uInt)(size - z.total_out);
		rc = inflate(&z, Z_NO_FLUSH);
	}
	(void)inflateEnd(&z);
	*ret = space;
	return rc == Z_STREAM_END ? z.total_out : 0;
}

int body_count(struct seen *seen, const char *body, size_t len, int gzip, struct body_count *ret)
{
	char *plain;

	*ret = (struct body_count){0};
	if (!gzip) {
		count_plain(seen, body, len, ret);
		return 0;
	}
	len = unpack(body, len, &plain);
	if (len == 0)
		return -1;
	count_plain(seen, plain, len, ret);
	return 0;
}
