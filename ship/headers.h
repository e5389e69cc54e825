/*
 * headers.h - the headers that every request of an endpoint carries, credentials included.
 */
#ifndef SHIP_HEADERS_H
#define SHIP_HEADERS_H

#include "base/err.h"
#include "base/slice.h"
#include "ship/ship.h"

/*
 * "Name: value" each; secret files are read afresh.  ret must be empty; headers_wipe() in any case.
 * Returns 0 or a negative errno: -EPERM when others can read a secret, -EINVAL when it is empty.
 */
int headers_make(const struct ship_conf *conf, struct strlist *ret, struct err *err) MUST_CHECK;

/* They hold secrets: nothing of them stays in memory. */
void headers_wipe(struct strlist *headers);

#endif
