#include "ship/wait.h"

#include <errno.h>
#include <stdlib.h>

void wait_begin(struct wait *w, int timeout_ms)
{
	w->n = 0;
	w->timeout_ms = timeout_ms;
}

int wait_fd(struct wait *w, int fd, short events)
{
	if (w->n == w->room) {
		size_t room = w->room ? 2 * w->room : 8;
		struct pollfd *p = reallocarray(w->fds, room, sizeof(*p));
		if (!p)
			return -ENOMEM;
		w->fds = p;
		w->room = room;
	}
	w->fds[w->n++] = (struct pollfd){.fd = fd, .events = events};
	return 0;
}

void wait_within(struct wait *w, int ms)
{
	if (w->timeout_ms < 0 || ms < w->timeout_ms)
		w->timeout_ms = ms;
}

int wait_sleep(struct wait *w)
{
	if (w->sleep)
		return w->sleep(w);
	return poll(w->fds, w->n, w->timeout_ms) < 0 && errno != EINTR ? -errno : 0;
}

void wait_close(struct wait *w)
{
	free(w->fds);
	*w = (struct wait){0};
}
