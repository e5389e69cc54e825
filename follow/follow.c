/* The bytes of a file to lines; the picture of the buffer is in impl.h. */
#include "follow/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/scope.h"
#include "follow/impl.h"

#define NULS_KEPT 32768 /* after a line that is kept */

int follow_open(struct follow **ret, int fd, bool gz, size_t line_max)
{
	scope_close int owned = fd;
	struct follow *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	int rc = gz ? gz_open(&f->gz, fd) : 0;
	if (rc < 0) {
		free(f);
		return rc;
	}
	f->fd = STEAL_FD(owned);
	f->line_max = line_max;
	f->room = 2 * line_max + CHUNK;
	*ret = f;
	return 0;
}

struct follow *follow_close(struct follow *f)
{
	if (f) {
		(void)gz_close(f->gz);
		(void)close(f->fd);
		free(f->buf);
		free(f->head);
		free(f->proofs);
		free(f);
	}
	return NULL;
}

int follow_fd(const struct follow *f)
{
	return f->fd;
}

const struct event_salt *follow_salt(const struct follow *f)
{
	return &f->salt;
}

uint64_t follow_pos(const struct follow *f)
{
	return f->pos;
}

const char *follow_text(const struct follow *f)
{
	return f->buf ? f->buf + (f->pos - f->off) : "";
}

uint64_t follow_read_to(const struct follow *f)
{
	return f->read_to;
}

uint64_t follow_nuls(struct follow *f)
{
	uint64_t nuls = f->nuls;
	f->nuls = 0;
	return nuls;
}

/*
 * Drops the buffer: the next read is at offset.  The bytes before offset are read now, for that
 * read to compare: they have just been proved to be the right ones, or were just read.
 */
static void restart(struct follow *f, uint64_t offset)
{
	f->off = f->read_to = offset;
	f->len = f->scanned = f->tail_len = 0;
	f->cutting = f->reset = false;
	if (f->gz)
		return;
	size_t want = offset < TAIL_SIZE ? (size_t)offset : TAIL_SIZE;
	ssize_t n = follow_copy(f, offset - want, offset, f->tail); /* at once, whatever is left */
	if (n == (ssize_t)want)
		f->tail_len = want;
}

void follow_seek(struct follow *f, uint64_t offset)
{
	if (f->cutting || f->reset || offset < f->off || offset > f->off + f->len)
		restart(f, offset);
	f->pos = f->keep = f->from = offset;
	f->scanned = 0;
}

void follow_keep(struct follow *f, uint64_t offset)
{
	f->keep = offset;
}

void follow_rest(struct follow *f)
{
	if (f->cutting || f->reset || f->keep != f->pos || f->pos != f->read_to ||
	    f->pos != f->off + f->len)
		return;
	free(STEAL(f->buf));
	f->off = f->pos;
	f->len = f->scanned = 0; /* the tail stays: the next read is compared with it */
}

/* Moves the bytes that are still needed to the front. */
static void compact(struct follow *f)
{
	uint64_t keep = f->keep < f->pos ? f->keep : f->pos;
	size_t drop = (size_t)(keep - f->off);
	if (drop == 0)
		return;
	memmove(f->buf, f->buf + drop, f->len - drop);
	f->off = keep;
	f->len -= drop;
}

static void remember_tail(struct follow *f, const char *data, size_t n)
{
	if (n >= TAIL_SIZE) {
		memcpy(f->tail, data + n - TAIL_SIZE, TAIL_SIZE);
		f->tail_len = TAIL_SIZE;
		return;
	}
	size_t old = f->tail_len + n > TAIL_SIZE ? TAIL_SIZE - n : f->tail_len;
	memmove(f->tail, f->tail + f->tail_len - old, old);
	memcpy(f->tail + old, data, n);
	f->tail_len = old + n;
}

/* Returns true if the file is now shorter than what was read; there may be no bytes to compare. */
static bool shrunk(const struct follow *f)
{
	struct stat st;
	return !f->gz && fstat(f->fd, &st) == 0 && (uint64_t)st.st_size < f->read_to;
}

/*
 * Reads at read_to at most room bytes into data.  Returns the number of new bytes, 0 at the end,
 * -ESTALE when the bytes before read_to have changed, -EAGAIN when the budget is used up, or
 * another negative errno.
 */
static ssize_t read_on(struct follow *f, char *data, size_t room)
{
	char check[TAIL_SIZE];
	ssize_t n = follow_reach(f, f->read_to);
	if (n < 0)
		return n;
	if (f->gz) {
		n = gz_read_at(f->gz, data, room, f->read_to);
	} else {
		struct iovec iov[2] = {{check, f->tail_len}, {data, room}};
		do
			n = preadv(f->fd, iov, 2, (off_t)(f->read_to - f->tail_len));
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return -errno;
		if ((size_t)n < f->tail_len || memcmp(check, f->tail, f->tail_len) != 0)
			return -ESTALE;
		n -= (ssize_t)f->tail_len;
	}
	if (n == 0 && shrunk(f))
		return -ESTALE;
	if (n <= 0)
		return n;
	follow_spend(f, (size_t)n);
	remember_tail(f, data, (size_t)n);
	f->read_to += (uint64_t)n;
	return n;
}

/* Fills the buffer.  Returns like read_on(). */
static ssize_t fill(struct follow *f)
{
	if (!f->buf) {
		f->buf = malloc(f->room);
		if (!f->buf)
			return -ENOMEM;
	}
	if (f->room - f->len < CHUNK / 2)
		compact(f);
	ssize_t n = read_on(f, f->buf + f->len, f->room - f->len);
	if (n > 0)
		f->len += (size_t)n;
	return n;
}

/* Hands out the len bytes at pos; the next line begins at end. */
static int hand_out(struct follow *f, size_t len, uint64_t end, struct line *ret)
{
	*ret = (struct line){
	        .text = f->buf + (f->pos - f->off),
	        .len = len,
	        .from = f->from,
	        .start = f->pos,
	        .end = end,
	        .salt = &f->salt,
	};
	f->pos = f->keep = f->from = end;
	f->scanned = 0;
	return FOLLOW_LINE;
}

/* Returns the enum follow_result of a read that failed, or its negative errno. */
static int failed(ssize_t rc)
{
	return rc == -ESTALE ? FOLLOW_CHANGED : rc == -EAGAIN ? FOLLOW_LATER : (int)rc;
}

/* The line at pos is longer than line_max: reads to its end and keeps its beginning. */
static int cut_line(struct follow *f, bool final, struct line *ret)
{
	if (!f->cutting) {
		f->cutting = true;
		compact(f);
	}
	size_t kept = (size_t)(f->pos - f->off) + f->line_max;
	for (;;) {
		ssize_t n = read_on(f, f->buf + kept, f->room - kept);
		if (n < 0)
			return failed(n);
		if (n == 0 && !final)
			return FOLLOW_NOTHING;
		if (n == 0 && follow_unfinished(f))
			return -EBADMSG;
		const char *newline = n > 0 ? memchr(f->buf + kept, '\n', (size_t)n) : NULL;
		if (n > 0 && !newline)
			continue;
		uint64_t end = f->read_to;
		if (newline)
			end -= (uint64_t)(f->buf + kept + n - (newline + 1));
		int rc = hand_out(f, f->line_max, end, ret);
		ret->cut = true;
		f->reset = true; /* the bytes after it are no longer in the buffer */
		return rc;
	}
}

/* Skips NULs at the start of a line, left by a host crash (XFS, ext4: size before data). */
static void skip_nuls(struct follow *f)
{
	if (f->scanned > 0)
		return;
	const char *p = f->buf + (f->pos - f->off);
	const char *end = f->buf + f->len;
	const char *q = p;
	while (q < end && *q == '\0')
		q++;
	f->nuls += (uint64_t)(q - p);
	f->pos += (uint64_t)(q - p);
	if (q > p && f->keep >= f->from)
		f->keep = f->pos; /* NULs need no memory, however many there are */
}

/* Hands out a complete line of the buffer, or returns FOLLOW_NOTHING. */
static int split(struct follow *f, struct line *ret)
{
	skip_nuls(f);
	/* NULs end the record that the kept line began: report them before they fill the memory. */
	if (f->keep < f->from && f->pos - f->from >= NULS_KEPT)
		return hand_out(f, 0, f->pos, ret);
	const char *p = f->buf + (f->pos - f->off);
	size_t have = f->len - (size_t)(f->pos - f->off);
	const char *newline = have > f->scanned ? memchr(p + f->scanned, '\n', have - f->scanned)
	                                        : NULL;
	if (!newline) {
		f->scanned = have;
		return FOLLOW_NOTHING;
	}
	size_t len = (size_t)(newline + 1 - p);
	int rc = hand_out(f, len < f->line_max ? len : f->line_max, f->pos + len, ret);
	ret->cut = len > f->line_max;
	return rc;
}

int follow_next(struct follow *f, bool final, struct line *ret_line)
{
	if (f->reset) {
		restart(f, f->pos);
	}
	while (!f->cutting) {
		if (f->buf && split(f, ret_line) == FOLLOW_LINE)
			return FOLLOW_LINE;
		if (f->scanned > f->line_max)
			break;
		ssize_t n = fill(f);
		if (n < 0)
			return failed(n);
		if (n > 0)
			continue;
		if (!final)
			return FOLLOW_NOTHING;
		if (follow_unfinished(f))
			return -EBADMSG;
		if (f->scanned == 0) {
			(void)hand_out(f, 0, f->pos, ret_line);
			return FOLLOW_END;
		}
		int rc = hand_out(f, f->scanned, f->pos + f->scanned, ret_line);
		ret_line->unterminated = true;
		return rc;
	}
	return cut_line(f, final, ret_line);
}
