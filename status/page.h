/*
 * page.h - the page at /, one file with all it needs: page.html.
 */
#ifndef STATUS_PAGE_H
#define STATUS_PAGE_H

#include <stddef.h>

/*
 * The page, the caller's, and into ret_csp the Content-Security-Policy it needs: another one for
 * each answer.  NULL when out of memory, or when the kernel has no random bytes.
 */
char *page_text(char *ret_csp, size_t size);

#endif
