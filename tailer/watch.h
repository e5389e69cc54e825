/*
 * watch.h - "something changed in this folder", and a descriptor to wait on.
 *
 * One inotify watch a folder, never one a file.  Events are hints: names to look at, or "look at
 * everything".  A folder that does not exist is waited for by watching the nearest one above it
 * that does.  Only watch.c includes inotify, through libinotifytools' header alone: that library's
 * own event loop keeps global state and spins.
 */
#ifndef TAILER_WATCH_H
#define TAILER_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct watch;

int watch_open(struct watch **ret, struct err *err) MUST_CHECK;
struct watch *watch_close(struct watch *w);

/* To be polled for reading; the same for its whole life. */
int watch_fd(const struct watch *w);

/* Watch a folder, existing or not.  token (any number) names it in events.  0 or a negative errno.
 */
int watch_add(struct watch *w, const char *path, unsigned token) MUST_CHECK;
void watch_clear(struct watch *w); /* forget all folders */

/*
 * Whether the folder itself is watched: it exists, and the watch is on the one that bears the name
 * now.  Repairs the watch when that changed.
 */
bool watch_check(struct watch *w, unsigned token);

/*
 * Take in all pending events.  fn gets the folder's token and a name in it, or NULL for "look at
 * all of it".  Returns 1 when the kernel's queue had overflowed (fn was told NULL for every
 * folder), else 0, or a negative errno.
 */
typedef void watch_fn(unsigned token, const char *name, void *arg);
int watch_read(struct watch *w, watch_fn *fn, void *arg) MUST_CHECK;

#endif
