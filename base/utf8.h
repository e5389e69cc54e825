/*
 * utf8.h - valid UTF-8 out of any bytes (RFC 3629: no surrogates, nothing above U+10FFFF).
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Whether all bytes are ASCII other than NUL: the usual case, decided eight bytes at a time. */
bool utf8_plain(const char *text, size_t len);

/*
 * The length in bytes of the well-formed sequence at text, or 0 when there is none.  len > 0.
 */
size_t utf8_sequence(const char *text, size_t len);

/* The length of what U+FFFD stands for, where utf8_sequence() says 0.  len > 0. */
size_t utf8_subpart(const char *text, size_t len);

/* 3 where the text begins with a byte order mark, else 0. */
size_t utf8_bom(const char *text, size_t len);

bool utf8_valid(const char *text, size_t len);

/*
 * Copy with each ill-formed part replaced by U+FFFD, one for each maximal subpart (Unicode 15,
 * section 3.9), and a NUL behind.  ret must hold 3 * len + 1 bytes.  Returns the new length;
 * *ret_bad counts the replacements.
 */
size_t utf8_repair(const char *text, size_t len, char *ret, size_t *ret_bad);

/*
 * Copy for a log line or a terminal: control characters (C0, DEL, C1) and ill-formed bytes become
 * \xHH.  Cut to size, always NUL-terminated, never in the middle of a character.
 */
void utf8_printable(const char *text, size_t len, char *ret, size_t size);

#endif
