/*
 * lease.h - the replay's half of sharing an endpoint: ship/lease.h has the words.
 */
#ifndef ARCHIVE_LEASE_H
#define ARCHIVE_LEASE_H

#include <stdbool.h>

#include "conf/conf.h"
#include "ship/lease.h"

/* Ask whether, and how much, may be sent.  Never fails: see agent and unasked of struct share. */
void lease_ask(struct share *ret, const struct conf *conf, size_t endpoint, unsigned flying,
               bool end);

#endif
