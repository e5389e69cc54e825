/* Compares the bytes of two files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "follow/follow.h"

#define CHUNK 16384

int follow_same(struct follow *a, struct follow *b, uint64_t limit)
{
	scope_free char *chunk = malloc(2 * CHUNK);
	if (!chunk)
		return -ENOMEM;
	for (uint64_t at = 0; at < limit;) {
		uint64_t end = limit - at < CHUNK ? limit : at + CHUNK;
		ssize_t n = follow_bytes(a, at, end, chunk);
		ssize_t m = n > 0 ? follow_bytes(b, at, at + (uint64_t)n, chunk + CHUNK) : n;
		if (n < 0 || m < 0)
			return n < 0 ? (int)n : (int)m;
		if (memcmp(chunk, chunk + CHUNK, (size_t)m) != 0)
			return 0;
		if (m < n || at + (uint64_t)n < end)
			return 1;
		at = end;
	}
	return 1;
}
