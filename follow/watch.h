/*
 * watch.h - reports changes in folders, and has a descriptor to wait on.
 *
 * There is one inotify watch per folder, never one per file.  Events are hints: a name to examine,
 * or "scan everything".  For a folder that does not exist, its nearest existing parent is watched.
 * Only watch.c includes inotify, and only libinotifytools' header: that library's own event loop
 * keeps global state and spins.
 */
#ifndef FOLLOW_WATCH_H
#define FOLLOW_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct watch;

int watch_open(struct watch **ret, struct err *err) MUST_CHECK;
struct watch *watch_close(struct watch *w);

/* Returns the descriptor to poll for reading; it never changes. */
int watch_fd(const struct watch *w);

/* Watches a folder, existing or not.  token (any number) identifies it in events.  0 or -errno. */
int watch_add(struct watch *w, const char *path, unsigned token) MUST_CHECK;
void watch_clear(struct watch *w); /* removes all folders */

/*
 * Returns true if the folder itself is watched: it exists, and the watch is on the folder that has
 * the name now.  Repairs the watch if that changed.
 */
bool watch_check(struct watch *w, unsigned token);

/*
 * Reads all pending events.  fn gets the folder's token and a name in it, or NULL for "scan all of
 * it".  Returns 1 when the kernel's queue had overflowed (fn got NULL for every folder), else 0, or
 * a negative errno.
 */
typedef void watch_fn(unsigned token, const char *name, void *arg);
int watch_read(struct watch *w, watch_fn *fn, void *arg) MUST_CHECK;

#endif
