/*
 * The buffer holds the file's bytes [off, off + len).  pos is the start of the next line, read_to
 * the offset of the next read; between lines read_to == off + len.  While a line longer than
 * line_max is cut, the buffer keeps its first line_max bytes; the rest is read after them and
 * dropped, so that read_to runs ahead.
 *
 *     off        keep      pos           read_to
 *      |----------|---------|--------------|
 *        dropped    record    not yet
 *        on need    pending   split
 */
#include "follow/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/gz.h"
#include "base/scope.h"

#define CHUNK 131072
#define TAIL_SIZE 256 /* bytes compared again at each read */
#define HEAD_CHUNK 16384
#define NULS_KEPT 32768 /* after a line that is kept */

struct follow {
	int fd;
	struct gz *gz;
	size_t line_max;
	struct event_salt salt;

	char *buf;
	size_t room;
	uint64_t off;
	size_t len;
	uint64_t pos, keep, read_to;
	uint64_t from;  /* the end of the line handed out last */
	size_t scanned; /* bytes after pos known to contain no newline */
	bool cutting, reset;

	char tail[TAIL_SIZE]; /* the last bytes before read_to, as they were read */
	size_t tail_len;
	uint64_t nuls;
};

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

/* Like pread(2), for both kinds of files. */
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

ssize_t follow_bytes(struct follow *f, uint64_t start, uint64_t end, char *ret)
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

int follow_holds(struct follow *f, const struct mark *mark)
{
	if (f->salt.len == 0)
		return 0;
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

/* Returns true if the .gz ends before its data does: its writer is not done, or was killed. */
static bool unfinished(const struct follow *f)
{
	return f->gz && !gz_whole(f->gz);
}

bool follow_whole(struct follow *f)
{
	char byte;
	return !f->gz || (read_at(f, &byte, 1, UINT64_MAX) == 0 && gz_whole(f->gz));
}

/*
 * Reads one line of the head, at *offset, cut to EVENT_LINE_MAX, without its line end and without
 * NULs before it.  Returns 1 when it is complete, 2 when it is longer than that, 0 when its end is
 * missing, or a negative errno.
 */
static int head_line(struct follow *f, uint64_t *offset, bool at_end, char *ret, size_t *ret_len)
{
	scope_free char *chunk = malloc(HEAD_CHUNK);
	if (!chunk)
		return -ENOMEM;
	size_t len = 0;
	bool begun = false;
	for (;;) {
		ssize_t n = read_at(f, chunk, HEAD_CHUNK, *offset);
		if (n < 0)
			return (int)n;
		if (n == 0) {
			*ret_len = len;
			return at_end && begun && !unfinished(f);
		}
		for (ssize_t i = 0; i < n; i++) {
			(*offset)++;
			if (!begun && chunk[i] == '\0')
				continue;
			begun = true;
			if (chunk[i] == '\n') {
				*ret_len = len > 0 && ret[len - 1] == '\r' ? len - 1 : len;
				return 1;
			}
			if (len == EVENT_LINE_MAX + 1) { /* one more: a CR at the end is removed */
				*ret_len = EVENT_LINE_MAX;
				return 2;
			}
			ret[len++] = chunk[i];
		}
	}
}

int follow_head(struct follow *f, bool at_end)
{
	char header[EVENT_LINE_MAX + 1], first[EVENT_LINE_MAX + 1];
	size_t header_len, first_len;
	uint64_t offset = 0;
	if (f->salt.len > 0)
		return 0;
	int rc = head_line(f, &offset, at_end, header, &header_len);
	if (rc <= 0)
		return rc;
	bool is_header = event_is_header(header, header_len);
	if (!is_header && !event_is_blank(header, header_len)) {
		event_salt_make(&f->salt, "", 0, header, header_len);
		return 0;
	}
	while (rc == 2) /* skip the rest of a long header */
		rc = head_line(f, &offset, at_end, first, &first_len);
	if (rc <= 0)
		return rc;
	do {
		rc = head_line(f, &offset, at_end, first, &first_len);
		if (rc <= 0)
			return rc;
	} while (event_is_blank(first, first_len));
	event_salt_make(&f->salt, header, is_header ? header_len : 0, first, first_len);
	return 0;
}

int follow_last_line(struct follow *f, uint64_t limit, struct mark *ret_mark)
{
	const size_t room = f->line_max + CHUNK;
	scope_free char *chunk = malloc(room);
	if (!chunk)
		return -ENOMEM;
	uint64_t start = limit > room ? limit - room : 0;
	ssize_t n = follow_bytes(f, start, limit, chunk);
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
	ssize_t n = follow_bytes(f, offset - want, offset, f->tail);
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
 * -ESTALE when the bytes before read_to have changed, or another negative errno.
 */
static ssize_t read_on(struct follow *f, char *data, size_t room)
{
	char check[TAIL_SIZE];
	ssize_t n;
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
			return n == -ESTALE ? FOLLOW_CHANGED : (int)n;
		if (n == 0 && !final)
			return FOLLOW_NOTHING;
		if (n == 0 && unfinished(f))
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
			return n == -ESTALE ? FOLLOW_CHANGED : (int)n;
		if (n > 0)
			continue;
		if (!final)
			return FOLLOW_NOTHING;
		if (unfinished(f))
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
