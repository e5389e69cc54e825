/* The head of a file: line 1 if it is a header, and the first other line that is not blank. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "follow/impl.h"

#define HEAD_CHUNK 16384

/*
 * A head that is being read.  It is kept only while the budget interrupts it: a file that has no
 * row yet may be written anew, so it is read from its first byte each time.
 */
struct head {
	uint64_t offset; /* of the next read */
	size_t at, len;  /* the unread part of chunk */
	enum { HEAD_FIRST, HEAD_REST, HEAD_ROW } part;
	bool begun, ended; /* of line */
	size_t line_len, header_len;
	char line[EVENT_LINE_MAX + 1]; /* one more: a CR at the end is removed */
	char header[EVENT_LINE_MAX];
	char chunk[HEAD_CHUNK];
};

/* Takes the chunk's bytes up to the line's end.  Returns 1 there, 2 for a long line, or 0. */
static int take_bytes(struct head *h)
{
	while (h->at < h->len) {
		char c = h->chunk[h->at++];
		if (!h->begun && c == '\0')
			continue;
		h->begun = true;
		if (c == '\n') {
			if (h->line_len > 0 && h->line[h->line_len - 1] == '\r')
				h->line_len--;
			return 1;
		}
		if (h->line_len == sizeof(h->line)) {
			h->line_len = EVENT_LINE_MAX;
			return 2;
		}
		h->line[h->line_len++] = c;
	}
	return 0;
}

/*
 * Reads the next line, cut to EVENT_LINE_MAX, without its line end and without NULs before it.
 * Returns 1 when it is complete, 2 when it is longer than that, 0 when its end is missing, or a
 * negative errno.
 */
static int next_line(struct follow *f, struct head *h, bool at_end)
{
	if (h->ended) {
		h->line_len = 0;
		h->begun = h->ended = false;
	}
	for (;;) {
		int rc = take_bytes(h);
		h->ended = rc > 0;
		if (rc > 0)
			return rc;
		ssize_t n = follow_read(f, h->chunk, sizeof(h->chunk), h->offset);
		if (n < 0)
			return (int)n;
		if (n == 0) {
			h->ended = at_end && h->begun && !follow_unfinished(f);
			return h->ended;
		}
		h->offset += (uint64_t)n;
		h->at = 0;
		h->len = (size_t)n;
	}
}

/* Returns 1 when the salt is known, 0 when the file has no row yet, or a negative errno. */
static int read_head(struct follow *f, struct head *h, bool at_end)
{
	int rc;
	if (h->part == HEAD_FIRST) {
		rc = next_line(f, h, at_end);
		if (rc <= 0)
			return rc;
		bool is_header = event_is_header(h->line, h->line_len);
		if (!is_header && !event_is_blank(h->line, h->line_len)) {
			event_salt_make(&f->salt, "", 0, h->line, h->line_len);
			return 1;
		}
		h->header_len = is_header ? h->line_len : 0;
		memcpy(h->header, h->line, h->header_len);
		h->part = rc == 2 ? HEAD_REST : HEAD_ROW;
	}
	while (h->part == HEAD_REST) {
		rc = next_line(f, h, at_end);
		if (rc <= 0)
			return rc;
		if (rc == 1)
			h->part = HEAD_ROW;
	}
	do {
		rc = next_line(f, h, at_end);
		if (rc <= 0)
			return rc;
	} while (event_is_blank(h->line, h->line_len));
	event_salt_make(&f->salt, h->header, h->header_len, h->line, h->line_len);
	return 1;
}

int follow_head(struct follow *f, bool at_end)
{
	if (f->salt.len > 0)
		return 0;
	struct head *h = f->head ? STEAL(f->head) : calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	int rc = read_head(f, h, at_end);
	if (rc == -EAGAIN)
		f->head = h;
	else
		free(h);
	return rc < 0 ? rc : 0;
}
