/*
 * host.h - whether a request was meant for us, by the name it was sent to.
 *
 * A web page of somebody else can make its own host name resolve to 127.0.0.1 and then read what
 * answers there ("DNS rebinding").  The browser still says that host name, so whoever names us by
 * an address, as localhost, by a name without a dot (no public one) or as this machine is called,
 * is no such page.
 */
#ifndef AGENT_HOST_H
#define AGENT_HOST_H

#include <stdbool.h>

/* host: the request's Host, "NAME" or "NAME:PORT"; NULL for none, which no browser sends. */
bool host_is_ours(const char *host, const char *machine);

#endif
