/*
 * store_view.h - what `status` shows when no agent can be asked: the store, and the files on disk.
 */
#ifndef ARCHIVE_STORE_VIEW_H
#define ARCHIVE_STORE_VIEW_H

#include "state/store.h"
#include "status/view.h"

/*
 * Only looks: files that the store does not know are counted as they lie there, and those that this
 * user may not read are named.  Returns 0 or a negative errno; view_free() in either case.
 */
int store_view(struct view *ret, const struct conf *conf, struct store *store) MUST_CHECK;

#endif
