/*
 * url.h - the places of a URL, as it is written; nothing is checked.
 */
#ifndef BASE_URL_H
#define BASE_URL_H

#include "base/slice.h"

/* Between "://" and the path: "user@HOST:port".  Without a scheme, all before the path. */
struct slice url_authority(const char *url);

/* The host in it, an IPv6 address with its brackets. */
struct slice url_host(const char *url);

#endif
