/*
 * headers.h - the headers that every request of an endpoint carries, credentials included.
 */
#ifndef SHIP_HEADERS_H
#define SHIP_HEADERS_H

#include "base/err.h"
#include "base/slice.h"
#include "ship/ship.h"

/*
 * Fills ret, which must be empty, with one "Name: value" per header; secret files are read each
 * time. Call headers_wipe() even after a failure.  Returns 0 or a negative errno: -EPERM when
 * others can read a secret, -EINVAL when a secret is empty.
 */
int headers_make(const struct ship_conf *conf, struct strlist *ret, struct err *err) MUST_CHECK;

/* Headers hold secrets: this overwrites them, so that nothing stays in memory. */
void headers_wipe(struct strlist *headers);

#endif
