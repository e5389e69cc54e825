/*
 * way.h - commands that try the way to a receiver by hand, as the agent goes it: its proxy and its
 * certificates, the port and the host of its url.
 *
 * Values in the query of a url may be secrets: none is printed.
 */
#ifndef DOCTOR_WAY_H
#define DOCTOR_WAY_H

#include "base/fix.h"
#include "ship/ship.h"

#define WAY_HOST_MAX 256

/* Returns ret with the host that is connected to: of the proxy, or of url.  No brackets. */
const char *way_peer(const struct ship_conf *e, char ret[WAY_HOST_MAX]);

/* curl, with an empty POST, as doctor sends it. */
const char *way_curl(const struct ship_conf *e, struct fix *ret);

/* Shows the TLS handshake: openssl, or curl where openssl cannot go through the proxy. */
const char *way_tls(const struct ship_conf *e, struct fix *ret);

/* Resolves the name of the peer. */
const char *way_resolve(const struct ship_conf *e, struct fix *ret);

#endif
