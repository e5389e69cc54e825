/*
 * backlog.h - the position in each file of a source and the bytes left to read, as an agent would
 * find them if it started now: for status without an agent, and doctor.
 *
 * A file whose name, inode and size are unchanged is not opened, as in the agent; other files are
 * read (catalog_look()).
 */
#ifndef CSV_BACKLOG_H
#define CSV_BACKLOG_H

#include "csv/catalog.h"

struct backlog_file {
	const struct catalog_file *file;   /* NULL: it does not exist */
	const struct catalog_entry *entry; /* NULL: it is not in the store */
	uint64_t offset;                   /* settled up to here */
	uint64_t left;                     /* bytes left; for a .gz its file size, or 0 */
	bool passed;                       /* not to be read */
	bool lost;                         /* deleted before all its bytes were settled */
	int error;                         /* errno if it cannot be read */
};

typedef void backlog_fn(const struct backlog_file *f, void *arg);

/*
 * Calls fn for each file of the source, the oldest first; then for each entry of the store whose
 * file does not exist.  A second path of a file is left out.  Returns 0 or a negative errno.
 */
int backlog_each(const struct catalog *c, const struct conf_source *source, backlog_fn *fn,
                 void *arg) MUST_CHECK;

#endif
