/*
 * lease.h - the replay's side of sharing an endpoint; the protocol is in ship/lease.h.
 */
#ifndef ARCHIVE_LEASE_H
#define ARCHIVE_LEASE_H

#include <stdbool.h>

#include "conf/conf.h"
#include "ship/lease.h"

/* Asks the agent how much may be sent.  Never fails: see agent and unasked of struct share. */
void lease_ask(struct share *ret, const struct conf *conf, size_t endpoint, unsigned flying,
               bool end);

#endif
