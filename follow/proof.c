/* Rows at known offsets: do they give their eventId, and which is the last one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "follow/impl.h"

static int check(struct follow *f, const struct mark *mark)
{
	/* The id of a line that was cut was made of its beginning only. */
	uint64_t span = mark->end - mark->start;
	size_t len = span < f->line_max ? (size_t)span : f->line_max;
	scope_free char *row = malloc(len + 1);
	if (!row)
		return -ENOMEM;
	ssize_t n = follow_bytes(f, mark->start, mark->start + len, row);
	if (n < 0)
		return (int)n;
	if ((size_t)n != len)
		return 0;
	struct hash128 id = event_id(&f->salt, mark->start, row, len);
	return hash_equal(&id, &mark->id);
}

static bool same_mark(const struct mark *a, const struct mark *b)
{
	return a->start == b->start && a->end == b->end && hash_equal(&a->id, &b->id);
}

static int remember(struct follow *f, const struct mark *mark, bool holds)
{
	if (f->nproofs == f->proofs_room) {
		size_t room = f->proofs_room ? 2 * f->proofs_room : 32;
		struct proof *p = realloc(f->proofs, room * sizeof(*p));
		if (!p)
			return -ENOMEM;
		f->proofs = p;
		f->proofs_room = room;
	}
	f->proofs[f->nproofs++] = (struct proof){*mark, holds};
	return 0;
}

int follow_holds(struct follow *f, const struct mark *mark)
{
	if (f->salt.len == 0)
		return 0;
	for (size_t i = 0; i < f->nproofs; i++) {
		if (same_mark(&f->proofs[i].mark, mark))
			return f->proofs[i].holds;
	}
	int rc = check(f, mark);
	if (rc >= 0 && f->remembers && remember(f, mark, rc) < 0)
		return -ENOMEM;
	return rc;
}

/* Reads the bytes before limit.  Returns their number, or a negative errno. */
static ssize_t read_before(struct follow *f, uint64_t limit, bool limited, char **ret_chunk,
                           uint64_t *ret_start)
{
	const size_t room = f->line_max + CHUNK;
	*ret_chunk = malloc(room);
	*ret_start = limit > room ? limit - room : 0;
	if (!*ret_chunk)
		return -ENOMEM;
	return limited ? follow_bytes(f, *ret_start, limit, *ret_chunk)
	               : follow_copy(f, *ret_start, limit, *ret_chunk);
}

int follow_line_start(struct follow *f, uint64_t offset, uint64_t *ret)
{
	scope_free char *chunk = NULL;
	uint64_t start;
	ssize_t n = read_before(f, offset, false, &chunk, &start);
	if (n < 0)
		return (int)n;
	const char *end = memrchr(chunk, '\n', (size_t)n);
	*ret = end ? start + (uint64_t)(end + 1 - chunk) : 0;
	return 0;
}

int follow_last_line(struct follow *f, uint64_t limit, struct mark *ret_mark)
{
	scope_free char *chunk = NULL;
	uint64_t start;
	ssize_t n = read_before(f, limit, true, &chunk, &start);
	if (n < 0)
		return (int)n;
	const char *end = memrchr(chunk, '\n', (size_t)n);
	if (!end || f->salt.len == 0)
		return 0;
	const char *before = memrchr(chunk, '\n', (size_t)(end - chunk));
	if (!before && start > 0)
		return 0;
	const char *line = before ? before + 1 : chunk;
	ret_mark->start = start + (uint64_t)(line - chunk);
	ret_mark->end = start + (uint64_t)(end + 1 - chunk);
	ret_mark->id = event_id(&f->salt, ret_mark->start, line, (size_t)(end + 1 - line));
	return 1;
}
