/*
 * identity.h - which agent a configuration is about: the one that owns its state-dir.
 *
 * A command asks whoever listens in runtime-dir, which may be an agent of another configuration.
 * So it sends the identity of its own, and an agent with another one does not act.
 */
#ifndef CONF_IDENTITY_H
#define CONF_IDENTITY_H

#include <stdbool.h>

#include "base/hash.h"
#include "conf/conf.h"

#define CONF_IDENTITY_SIZE (2 * (size_t)HASH_HEX_SIZE)
#define CONF_IDENTITY_HEADER "X-Pmta-Shipper-State"

/* Hashes of state-dir as it is written, and without symbolic links where this user may look. */
void conf_identity(const struct conf *conf, char ret[CONF_IDENTITY_SIZE]);

/* Returns true if two identities have a path in common. */
bool conf_identity_match(const char *a, const char *b);

#endif
