/*
 * host.h - whether a request was meant for this host, by the host name it was sent to.
 *
 * A web page elsewhere can make its own host name resolve to 127.0.0.1 and then read the answers
 * from there ("DNS rebinding").  The browser still sends that host name.  So a request that names
 * us by an address, as localhost, by a name without a dot (never a public one) or by this machine's
 * name does not come from such a page.
 */
#ifndef AGENT_HOST_H
#define AGENT_HOST_H

#include <stdbool.h>

/* host: the request's Host, "NAME" or "NAME:PORT"; NULL for none, which no browser sends. */
bool host_is_ours(const char *host, const char *machine);

#endif
