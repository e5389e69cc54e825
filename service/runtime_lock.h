/*
 * runtime_lock.h - one agent per runtime-dir: commands reach an agent through its socket there.
 */
#ifndef SERVICE_RUNTIME_LOCK_H
#define SERVICE_RUNTIME_LOCK_H

#include "base/err.h"

#define RUNTIME_WHO_SIZE 1024

/*
 * Makes the folder if it is missing, and takes the lock in DIR/control.lock, which names who (one
 * line).  The lock ends with the process.  Returns 0; -EBUSY with a line that names the holder; or
 * another negative errno when the folder cannot be used.
 */
int runtime_lock(const char *dir, const char *who, int *ret_fd, struct err *err) MUST_CHECK;

#endif
