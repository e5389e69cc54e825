/*
 * backlog.h - how far each file of a source is, and what is left of it, as an agent would find it
 * if it started now: for status without an agent, and doctor.
 *
 * A file that lies as it was left is taken at its name, inode and size, as the agent does; others
 * are looked into (catalog_look()).
 */
#ifndef CSV_BACKLOG_H
#define CSV_BACKLOG_H

#include "csv/catalog.h"

struct backlog_file {
	const struct catalog_file *file;   /* NULL: it is not there */
	const struct catalog_entry *entry; /* NULL: the store knows nothing of it */
	uint64_t offset;                   /* settled up to here */
	uint64_t left;                     /* bytes; of a .gz all of its own, or none */
	bool passed;                       /* not to be read */
	bool lost;                         /* it is gone, with bytes that were not settled */
	int error;                         /* an errno: it cannot be read */
};

typedef void backlog_fn(const struct backlog_file *f, void *arg);

/*
 * Call fn for each file of the source, the oldest first; then for each entry of the store whose
 * file is not there.  A second path of a file is left out.  Returns 0 or a negative errno.
 */
int backlog_each(const struct catalog *c, const struct conf_source *source, backlog_fn *fn,
                 void *arg) MUST_CHECK;

#endif
