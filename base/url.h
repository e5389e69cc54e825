/*
 * url.h - the parts of a URL as it is written; nothing is checked.
 */
#ifndef BASE_URL_H
#define BASE_URL_H

#include "base/slice.h"

/* Returns the part between "://" and the path: "user@HOST:port".  The scheme may be missing. */
struct slice url_authority(const char *url);

/* Returns the host in it, an IPv6 address with its brackets. */
struct slice url_host(const char *url);

#endif
