/*
 * reconcile.h - compare, file by file, what PowerMTA wrote with what was read and delivered.
 * Changes nothing.
 */
#ifndef ARCHIVE_RECONCILE_H
#define ARCHIVE_RECONCILE_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "pmta/move_log.h"
#include "state/store.h"

struct reconcile_job {
	int64_t from_ms, to_ms; /* days that lie between, at least in part; INT64_MIN, INT64_MAX */
	bool logged;            /* log has PowerMTA's numbers; without, records are counted */
	struct move_log log;    /* marks what it was asked for */
};

/*
 * Print the table of all moved files, and of those that only the log still names.  A file that
 * cannot be read is reported on standard error.  *ret_good: nothing differs and all was read.
 * Returns 0 or a negative errno with words.
 */
int reconcile_print(struct reconcile_job *job, const struct conf *conf, struct store *store,
                    bool *ret_good, struct err *err) MUST_CHECK;

#endif
