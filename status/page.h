/*
 * page.h - the page at /: page.html, one file with everything it needs.
 */
#ifndef STATUS_PAGE_H
#define STATUS_PAGE_H

#include <stddef.h>

/*
 * Returns the page, which the caller frees, and writes its Content-Security-Policy into ret_csp;
 * both differ for each answer.  NULL when out of memory, or when the kernel has no random bytes.
 */
char *page_text(char *ret_csp, size_t size);

#endif
