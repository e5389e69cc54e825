/*
 * signals.h - receives SIGTERM, SIGINT and SIGHUP through a descriptor, in the loop.
 */
#ifndef SERVICE_SIGNALS_H
#define SERVICE_SIGNALS_H

#include "base/err.h"

/* Blocks them; call this first.  SIGPIPE is ignored. */
void signals_block(void);

/* Opens a descriptor that reads as struct signalfd_siginfo.  Returns 0 or a negative errno. */

int signals_open(int *ret_fd, struct err *err) MUST_CHECK;

#endif
