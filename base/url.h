/*
 * url.h - the parts of a URL as it is written; nothing is checked.
 */
#ifndef BASE_URL_H
#define BASE_URL_H

#include <stdbool.h>

#include "base/slice.h"

/* Returns the part between "://" and the path: "user@HOST:port".  The scheme may be missing. */
struct slice url_authority(const char *url);

/* Returns the host in it, an IPv6 address with its brackets. */
struct slice url_host(const char *url);

/* Returns the port as written, else that of the scheme: "443" for https, "80" for any other. */
struct slice url_port(const char *url);

/* Returns true if the query has this pair: "type=pmta". */
bool url_query_has(const char *url, const char *pair);

/*
 * Copies a URL for people, cut to size: no user and password, and "***" in place of the values in
 * its query, except that of "type".
 */
void url_masked(const char *url, char *ret, size_t size);

#endif
