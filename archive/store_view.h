/*
 * store_view.h - the view for `status` when no agent answers, from the store and the files on disk.
 */
#ifndef ARCHIVE_STORE_VIEW_H
#define ARCHIVE_STORE_VIEW_H

#include "state/store.h"
#include "status/view.h"

/*
 * Fills in the view and changes nothing: files that the store does not know are counted by their
 * size, and those that this user may not read are named.  Returns 0 or a negative errno; call
 * view_free() in either case.
 */
int store_view(struct view *ret, const struct conf *conf, struct store *store) MUST_CHECK;

#endif
