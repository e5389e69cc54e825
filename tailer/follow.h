/*
 * follow.h - one open file: its bytes as they are now, cut into lines.
 *
 * Every read takes the last bytes of the read before along and compares them: a file that was
 * truncated and written anew under our hands, even longer than before, is noticed before any of its
 * bytes are handed out.
 */
#ifndef TAILER_FOLLOW_H
#define TAILER_FOLLOW_H

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
	FOLLOW_END,    /* final, and everything has been handed out: an empty line at the end */
	FOLLOW_CHANGED /* what was read is no longer in the file */
};

/* Takes the descriptor over, also when it fails.  0, or a negative errno. */
int follow_open(struct follow **ret, int fd, bool gz, size_t line_max) MUST_CHECK;
struct follow *follow_close(struct follow *f);

int follow_fd(const struct follow *f);

/*
 * Read the file's head: line 1 if it is a header, and the first other non-blank line.  Fills in the
 * salt once both are known; at_end: an unterminated line counts, for no more will come.  0 whether
 * it is known by then or not, or a negative errno.
 */
int follow_head(struct follow *f, bool at_end) MUST_CHECK;
const struct event_salt *follow_salt(const struct follow *f);

/* Whether all of a .gz is there: false while it is being written, or when it is damaged. */
bool follow_whole(struct follow *f);

/* 1 when the bytes at mark give its id, 0 when not, or a negative errno. */
int follow_holds(struct follow *f, const struct mark *mark) MUST_CHECK;

/* Copy the bytes [start, end).  Returns how many there are, or a negative errno. */
ssize_t follow_bytes(struct follow *f, uint64_t start, uint64_t end, char *ret) MUST_CHECK;

/* The last complete line that starts before limit.  1 with *ret_mark, 0 when there is none. */
int follow_last_line(struct follow *f, uint64_t limit, struct mark *ret_mark) MUST_CHECK;

/* Go on from offset, which is the start of a line. */
void follow_seek(struct follow *f, uint64_t offset);
uint64_t follow_pos(const struct follow *f);

/* Bytes from offset on stay in memory while lines after them are handed out. */
void follow_keep(struct follow *f, uint64_t offset);

/*
 * The next line, an enum follow_result, or a negative errno.  final: a last line without newline is
 * handed out, too.  line->text is good until the next call.
 */
int follow_next(struct follow *f, bool final, struct line *ret_line) MUST_CHECK;

/* All that was read has been handed out: give the buffer back until the next read. */
void follow_rest(struct follow *f);

/* The bytes in memory at follow_pos(): where the next line will stand. */
const char *follow_text(const struct follow *f);

/* The file offset up to which bytes have been read. */
uint64_t follow_read_to(const struct follow *f);

/* Bytes of NUL runs passed over since the last call. */
uint64_t follow_nuls(struct follow *f);

#endif
