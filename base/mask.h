/*
 * mask.h - mail addresses as they may be shown: u***@example.org.
 */
#ifndef BASE_MASK_H
#define BASE_MASK_H

#include <stddef.h>

/*
 * Copies text, with the local part of everything that looks like a mail address cut to its first
 * character and "***".  ret must hold 3 * len + 4 bytes.  Returns the new length; no NUL is added.
 */
size_t mask_addresses(const char *text, size_t len, char *ret);

#endif
