/*
 * impl.h - the declarations that the files about one open file share; for follow/ only.
 *
 *   follow.c  the bytes of a file to lines
 *   head.c    the head of a file to its salt
 *   proof.c   rows at known offsets
 *   same.c    the bytes of two files compared
 *   bytes.c   reads, and the budget that they draw on
 *
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
#ifndef FOLLOW_IMPL_H
#define FOLLOW_IMPL_H

#include "base/gz.h"
#include "follow/follow.h"

#define CHUNK 131072
#define TAIL_SIZE 256 /* bytes compared again at each read */

struct head;

/* A result of follow_holds(). */
struct proof {
	struct mark mark;
	bool holds;
};

struct follow {
	int fd;
	struct gz *gz;
	size_t line_max;
	struct event_salt salt;
	uint64_t *budget; /* NULL: no limit */

	struct head *head;    /* while the budget interrupts follow_head() */
	struct proof *proofs; /* if remembers */
	size_t nproofs, proofs_room;
	bool remembers; /* keeps results until the next follow_limit() */
	bool whole;     /* follow_whole() was 1, if remembers */

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

/* bytes.c */
/* Moves to offset, which in a .gz may take many calls.  Returns 0, -EAGAIN or a negative errno. */
int follow_reach(struct follow *f, uint64_t offset) MUST_CHECK;
void follow_spend(struct follow *f, size_t n);
/* Like pread(2), for both kinds of files, within the budget. */
ssize_t follow_read(struct follow *f, void *data, size_t len, uint64_t offset) MUST_CHECK;
/* Like follow_bytes(), without a limit. */
ssize_t follow_copy(struct follow *f, uint64_t start, uint64_t end, char *ret) MUST_CHECK;
/* Returns true if the .gz ends before its data does: its writer is not done, or was killed. */
bool follow_unfinished(const struct follow *f);

#endif
