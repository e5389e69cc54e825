/*
 * event_id.h - the id of a row: the same for the same row of the same file for ever.
 *
 * XXH3-128 over
 *
 *     the byte 1
 *     length and bytes of line 1 if it is a header, else a length of 0
 *     length and bytes of the first other non-blank line, valid or not
 *     length (8) and the row's offset in the uncompressed file
 *     length and bytes of the row
 *
 * Lengths and the offset are 8 bytes, little-endian.  Lines and rows count without their line end
 * (one LF and one CR before it) and without a run of NULs at their start; of the two lines only
 * the first EVENT_LINE_MAX bytes count.  The name and place of the file do not.
 *
 * The first two lines are fixed for a file's life; hashed once more they make its salt, by which
 * files are told apart before any row has been compared.
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
	struct hash128 hash; /* of the bytes that every id of the file begins with */
	struct hash_begun begun;
};

/* The length of a line without its line end. */
size_t event_trim(const char *line, size_t len);

/* Nothing in it but blanks and tabs.  Line without its end. */
bool event_is_blank(const char *line, size_t len);

/* A row whose first cell is "type" is a header; a byte order mark before it is passed over. */
bool event_is_header(const char *line, size_t len);

/* Lines without their ends; header_len 0 when line 1 is no header. */
void event_salt_make(struct event_salt *ret, const char *header, size_t header_len,
                     const char *first, size_t first_len);

/* Row with or without its line end.  While the salt is not known, it counts as empty. */
struct hash128 event_id(const struct event_salt *salt, uint64_t offset, const char *row,
                        size_t len);

#endif
