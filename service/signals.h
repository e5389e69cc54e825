/*
 * signals.h - SIGTERM, SIGINT and SIGHUP arrive through a descriptor, in their turn.
 */
#ifndef SERVICE_SIGNALS_H
#define SERVICE_SIGNALS_H

#include "base/err.h"

/* Let them wait, from the first moment on; SIGPIPE is ignored. */
void signals_block(void);

/* A descriptor that reads as struct signalfd_siginfo.  0 or a negative errno. */
int signals_open(int *ret_fd, struct err *err) MUST_CHECK;

#endif
