/*
 * wait.h - the one sleep of the program: the descriptors and the nearest time of all who want to be
 * woken.
 *
 * It is filled anew for each sleep, so that nothing in it is out of date:
 *
 *     wait_begin(w, ms);
 *     wait_fd(w, fd, POLLIN), wait_within(w, ms), ...
 *     wait_sleep(w);
 *
 * poll() sleeps, unless a library has descriptors that only it knows: see sleep.
 */
#ifndef SHIP_WAIT_H
#define SHIP_WAIT_H

#include <poll.h>
#include <stddef.h>

#include "base/err.h"

struct wait {
	struct pollfd *fds; /* as they were added; revents are of the last sleep */
	size_t n, room;
	int timeout_ms; /* -1: until something happens */

	/* In place of poll(): sleeps, and fills in revents.  0 or a negative errno. */
	int (*sleep)(struct wait *w);
	void *sleeper; /* of whoever set sleep */
};

/* Forget what was added for the sleep before.  timeout_ms -1: as long as it takes. */
void wait_begin(struct wait *w, int timeout_ms);

/* Wake up when fd is ready for events.  0 or -ENOMEM. */
int wait_fd(struct wait *w, int fd, short events) MUST_CHECK;

/* Wake up within ms at the latest. */
void wait_within(struct wait *w, int ms);

/* Returns 0, also when it was woken by a signal, or a negative errno. */
int wait_sleep(struct wait *w) MUST_CHECK;

void wait_close(struct wait *w);

#endif
