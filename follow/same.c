/* Compares the bytes of two files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "follow/impl.h"

#define PIECE 16384

int follow_same(struct follow *a, struct follow *b, uint64_t limit)
{
	scope_free char *chunk = malloc(2 * PIECE);
	if (!chunk)
		return -ENOMEM;
	for (uint64_t at = 0; at < limit;) {
		uint64_t end = limit - at < PIECE ? limit : at + PIECE;
		/* Without a limit: begun again, it would never end. */
		ssize_t n = follow_copy(a, at, end, chunk);
		ssize_t m = n > 0 ? follow_copy(b, at, at + (uint64_t)n, chunk + PIECE) : n;
		if (n < 0 || m < 0)
			return n < 0 ? (int)n : (int)m;
		if (memcmp(chunk, chunk + PIECE, (size_t)m) != 0)
			return 0;
		if (m < n || at + (uint64_t)n < end)
			return 1;
		at = end;
	}
	return 1;
}
