/*
 * wait.h - the only sleep of the program: the descriptors, and the nearest time, at which anyone
 * wants to be woken.
 *
 * It is filled again for each sleep, so that nothing in it is out of date:
 *
 *     wait_begin(w, ms);
 *     wait_fd(w, fd, POLLIN), wait_within(w, ms), ...
 *     wait_sleep(w);
 *
 * poll() does the sleeping, unless a library has descriptors that only it knows: see sleep.
 */
#ifndef SHIP_WAIT_H
#define SHIP_WAIT_H

#include <poll.h>
#include <stddef.h>

#include "base/err.h"

struct wait {
	struct pollfd *fds; /* in the order added; revents are of the last sleep */
	size_t n, room;
	int timeout_ms; /* -1: no time limit */

	/* Replaces poll(): sleeps, and fills in revents.  Returns 0 or a negative errno. */
	int (*sleep)(struct wait *w);
	void *sleeper; /* belongs to the setter of sleep */
};

/* Clears what was added for the previous sleep.  timeout_ms -1: no time limit. */
void wait_begin(struct wait *w, int timeout_ms);

/* Adds fd: the sleep ends when it is ready for events.  Returns 0 or -ENOMEM. */
int wait_fd(struct wait *w, int fd, short events) MUST_CHECK;

/* The sleep ends after ms at the latest. */
void wait_within(struct wait *w, int ms);

/* Returns 0, also when a signal ended the sleep, or a negative errno. */

int wait_sleep(struct wait *w) MUST_CHECK;

void wait_close(struct wait *w);

#endif
