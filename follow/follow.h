/*
 * follow.h - one open file: splits its current bytes into lines.
 *
 * Every read also reads the last bytes of the previous read again and compares them.  So a file
 * that was truncated and rewritten meanwhile, even if it is longer now, is detected before any of
 * its new bytes are handed out.
 */
#ifndef FOLLOW_FOLLOW_H
#define FOLLOW_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "record/line.h"
#include "record/mark.h"

struct follow;

enum follow_result {
	FOLLOW_NOTHING = 0, /* no complete line for now */
	FOLLOW_LINE,
	FOLLOW_END,     /* final, and all lines have been handed out: an empty line at the end */
	FOLLOW_CHANGED, /* the bytes that were read are no longer in the file */
	FOLLOW_LATER    /* the budget is used up before the end of the line: call again */
};

/* Takes ownership of the descriptor, also on failure.  Returns 0 or a negative errno. */
int follow_open(struct follow **ret, int fd, bool gz, size_t line_max) MUST_CHECK;
struct follow *follow_close(struct follow *f);

int follow_fd(const struct follow *f);

/*
 * From now on all reads draw on *budget, in bytes read and unpacked, which the caller refills; NULL
 * (at first) for no limit.  When it is 0, follow_head(), follow_whole(), follow_holds(),
 * follow_bytes() and follow_last_line() return -EAGAIN, and follow_next() FOLLOW_LATER.  The same
 * call continues where it stopped; other calls in between may begin a .gz again.  One call exceeds
 * the budget by less than a read buffer.
 */
void follow_limit(struct follow *f, uint64_t *budget);
void follow_remember(struct follow *f);

/*
 * Reads the file's head: line 1 if it is a header, and the first other non-blank line.  Sets the
 * salt when both are known; with at_end an unterminated line counts, since no more will come.
 * Returns 0, also if the salt is not known yet, or a negative errno.
 */
int follow_head(struct follow *f, bool at_end) MUST_CHECK;
const struct event_salt *follow_salt(const struct follow *f);

/* Returns 0 for a .gz that is still being written or is damaged, -EAGAIN, or else 1. */
int follow_whole(struct follow *f) MUST_CHECK;

/*
 * Returns 1 when the bytes at mark give its id, 0 when not, or a negative errno.  After
 * follow_remember() the results are kept until the next follow_limit(), so that a caller who starts
 * again with the first of many marks makes progress.
 */
int follow_holds(struct follow *f, const struct mark *mark) MUST_CHECK;

/* Copies the bytes [start, end).  Returns their number, or a negative errno. */
ssize_t follow_bytes(struct follow *f, uint64_t start, uint64_t end, char *ret) MUST_CHECK;

/*
 * Returns 1 if two files have the same bytes up to limit, or to the end of the shorter one; 0 if
 * not; or a negative errno.
 */
int follow_same(struct follow *a, struct follow *b, uint64_t limit) MUST_CHECK;

/* Finds the last complete line that starts before limit: 1 with *ret_mark, 0 for none, -errno. */
int follow_last_line(struct follow *f, uint64_t limit, struct mark *ret_mark) MUST_CHECK;

/*
 * Gives the start of the line that contains offset; 0 if it is not within reach.  Returns 0 or a
 * negative errno.  Has no limit.
 */
int follow_line_start(struct follow *f, uint64_t offset, uint64_t *ret) MUST_CHECK;

/* Continues at offset, which is the start of a line. */
void follow_seek(struct follow *f, uint64_t offset);
uint64_t follow_pos(const struct follow *f);

/* Keeps the bytes from offset on in memory while lines after them are handed out. */
void follow_keep(struct follow *f, uint64_t offset);

/*
 * Gives the next line.  Returns an enum follow_result or a negative errno.  With final, a last line
 * without newline is handed out, too.  line->text is valid until the next call.
 */
int follow_next(struct follow *f, bool final, struct line *ret_line) MUST_CHECK;

/* Frees the buffer until the next read, if all lines in it have been handed out. */
void follow_rest(struct follow *f);

/* Returns the bytes in memory at follow_pos(), where the next line will be. */
const char *follow_text(const struct follow *f);

/* Returns the file offset up to which bytes have been read. */
uint64_t follow_read_to(const struct follow *f);

/* Returns the number of NUL bytes skipped since the last call. */
uint64_t follow_nuls(struct follow *f);

#endif
