/*
 * utf8.h - makes valid UTF-8 from any bytes (RFC 3629: no surrogates, nothing above U+10FFFF).
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Returns true if all bytes are ASCII other than NUL: the usual case, tested in blocks. */
bool utf8_plain(const char *text, size_t len);

/* Returns the length in bytes of the well-formed sequence at text, or 0.  len > 0. */
size_t utf8_sequence(const char *text, size_t len);

/* Returns the length of the ill-formed part (one U+FFFD) where utf8_sequence() is 0.  len > 0. */
size_t utf8_subpart(const char *text, size_t len);

/* Returns 3 if the text begins with a byte order mark, else 0. */
size_t utf8_bom(const char *text, size_t len);
/* The same for several marks: a file may have been written from files with one each. */
size_t utf8_boms(const char *text, size_t len);

bool utf8_valid(const char *text, size_t len);

/*
 * Copies text and replaces each ill-formed part with U+FFFD, one for each maximal subpart (Unicode
 * 15, section 3.9).  Adds a NUL.  ret must hold 3 * len + 1 bytes.  Returns the new length;
 * *ret_bad counts the replacements.
 */
size_t utf8_repair(const char *text, size_t len, char *ret, size_t *ret_bad);

/*
 * Copies text for a log line or a terminal.  Control characters (C0, DEL, C1), ill-formed bytes,
 * and characters that are invisible or change the direction of writing (U+202E, U+200B, ...) become
 * \xHH for each byte, so that a person sees all that is there, in its order.  Truncated to size at
 * a character's end, always NUL-terminated.
 */
void utf8_printable(const char *text, size_t len, char *ret, size_t size);

#endif
