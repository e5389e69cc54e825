/*
 * test_event.h - the marked event of `doctor --send-test`.
 */
#ifndef DOCTOR_TEST_EVENT_H
#define DOCTOR_TEST_EVENT_H

#include "conf/conf.h"

/*
 * Makes an event in the endpoint's format: a soft bounce (or a complaint, for an endpoint that gets
 * nothing else) of an address that cannot exist.  The caller frees *ret.  Returns 0 or a negative
 * errno.
 */
int test_event_make(const struct conf *conf, const struct ship_conf *e, char **ret) MUST_CHECK;

#endif
