/*
 * event_id.h - the id of a row, which never changes for the same row of the same file.
 *
 * XXH3-128 over
 *
 *     the byte 1
 *     length and bytes of line 1 if it is a header, else a length of 0
 *     length and bytes of the first other non-blank line, valid or not
 *     length (8) and the row's offset in the uncompressed file
 *     length and bytes of the row
 *
 * Lengths and the offset are 8 bytes, little-endian.  Lines and rows are hashed without their line
 * end (one LF and one CR before it) and without a run of NULs at their start; the two lines only up
 * to EVENT_LINE_MAX bytes.  The file's name and folder are not hashed.
 *
 * The first two lines are fixed for a file's life.  Their hash is the file's salt, which
 * distinguishes files before any row has been compared.
 */
#ifndef RECORD_EVENT_ID_H
#define RECORD_EVENT_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

#define EVENT_LINE_MAX 4096

struct event_salt {
	size_t len;          /* 0: not known yet */
	struct hash128 hash; /* hash of the bytes that begin the input of every id of the file */
	struct hash_begun begun;
};

/* Returns the length of a line without its line end. */
size_t event_trim(const char *line, size_t len);

/* Returns true if there are only blanks and tabs.  The line is without its end. */
bool event_is_blank(const char *line, size_t len);

/*
 * Returns true if the first cell is "type", in any case and with blanks around it; byte order marks
 * before it are skipped.
 */
bool event_is_header(const char *line, size_t len);

/* The lines are without their ends; header_len is 0 when line 1 is not a header. */
void event_salt_make(struct event_salt *ret, const char *header, size_t header_len,
                     const char *first, size_t first_len);

/* The row is with or without its line end.  A salt that is not known yet counts as empty. */
struct hash128 event_id(const struct event_salt *salt, uint64_t offset, const char *row,
                        size_t len);

#endif
