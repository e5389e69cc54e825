/* Reads of a file, packed or not, and the budget that they draw on. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/scope.h"
#include "follow/impl.h"

void follow_limit(struct follow *f, uint64_t *budget)
{
	f->budget = budget;
	free(STEAL(f->proofs));
	f->nproofs = f->proofs_room = 0;
	f->whole = f->remembers = false;
}

void follow_remember(struct follow *f)
{
	f->remembers = true;
}

int follow_reach(struct follow *f, uint64_t offset)
{
	if (f->budget && *f->budget == 0)
		return -EAGAIN;
	return f->gz ? gz_skip_to(f->gz, offset, f->budget) : 0;
}

void follow_spend(struct follow *f, size_t n)
{
	if (f->budget)
		*f->budget -= n < *f->budget ? n : *f->budget;
}

static ssize_t read_at(struct follow *f, void *data, size_t len, uint64_t offset)
{
	if (f->gz)
		return gz_read_at(f->gz, data, len, offset);
	ssize_t n;
	do
		n = pread(f->fd, data, len, (off_t)offset);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

ssize_t follow_read(struct follow *f, void *data, size_t len, uint64_t offset)
{
	int rc = follow_reach(f, offset);
	if (rc < 0)
		return rc;
	ssize_t n = read_at(f, data, len, offset);
	if (n > 0)
		follow_spend(f, (size_t)n);
	return n;
}

ssize_t follow_copy(struct follow *f, uint64_t start, uint64_t end, char *ret)
{
	size_t got = 0;
	while (start + got < end) {
		ssize_t n = read_at(f, ret + got, (size_t)(end - start) - got, start + got);
		if (n < 0)
			return n;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

ssize_t follow_bytes(struct follow *f, uint64_t start, uint64_t end, char *ret)
{
	int rc = follow_reach(f, start);
	/* The bytes themselves are few, and are read at once: a part of them would be lost. */
	ssize_t n = rc < 0 ? rc : follow_copy(f, start, end, ret);
	if (n > 0)
		follow_spend(f, (size_t)n);
	return n;
}

bool follow_unfinished(const struct follow *f)
{
	return f->gz && !gz_whole(f->gz);
}

int follow_whole(struct follow *f)
{
	char byte;
	if (!f->gz || f->whole)
		return 1;
	ssize_t n = follow_read(f, &byte, 1, UINT64_MAX);
	if (n == -EAGAIN)
		return -EAGAIN;
	bool whole = n == 0 && gz_whole(f->gz);
	f->whole = whole && f->remembers;
	return whole;
}
