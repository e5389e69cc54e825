/*
 * reconcile.h - compares, file by file, the rows that PowerMTA wrote with the rows that were read
 * and delivered.  Changes nothing.
 */
#ifndef ARCHIVE_RECONCILE_H
#define ARCHIVE_RECONCILE_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "pmta/move_log.h"
#include "state/store.h"

struct reconcile_job {
	int64_t from_ms, to_ms; /* days that overlap these times; INT64_MIN, INT64_MAX: all */
	bool logged;            /* log has PowerMTA's numbers; if false, records are counted */
	struct move_log log;    /* its entries are marked as seen */
};

/*
 * Prints the table of all moved files, and of those that only the log still names.  A file that
 * cannot be read is reported on standard error.  *ret_good is true if nothing differs and all files
 * were read.  Returns 0 or a negative errno with a message.
 */
int reconcile_print(struct reconcile_job *job, const struct conf *conf, struct store *store,
                    bool *ret_good, struct err *err) MUST_CHECK;

#endif
