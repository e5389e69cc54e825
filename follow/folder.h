/*
 * folder.h - lists the files of one acct-file that exist in one folder.
 *
 * The agent and all commands read folders of accounting files here, so that all agree which files
 * count: regular files, not symbolic links, with a name of the template (name.h).  NAME.gz does not
 * count while a file NAME exists in the same folder that begins with its rows: gzip is still
 * running, and all rows are in NAME.  A file that cannot be examined does not hide the others.
 *
 * What lies beside such files (beside.h) is counted during the same walk.  A packed NAME.xz does
 * not count while a file NAME exists, nor does a folder of a month without files of the template.
 */
#ifndef FOLLOW_FOLDER_H
#define FOLLOW_FOLDER_H

#include <sys/stat.h>

#include "base/err.h"
#include "follow/beside.h"
#include "follow/name.h"

enum folder_result {
	FOLDER_READ = 0, /* read completely */
	FOLDER_MISSING,  /* the folder does not exist, or not yet */
	FOLDER_CLOSED,   /* it cannot be opened */
	FOLDER_BROKEN    /* reading failed: there may be more files */
};

struct folder_file {
	const char *name; /* valid during the call */
	struct acct_name key;
	int error; /* errno if it exists and cannot be examined; if 0, st is set */
	struct stat st;
};

/* Returns 0 to continue, or a negative errno to stop. */
typedef int folder_fn(const struct folder_file *f, void *arg);

/*
 * Calls fn for each file, in the order of names: with very many files, the caller's sorted lists
 * then only grow at their ends.  Returns an enum folder_result, with its errno in *ret_error
 * (0 when all was read), or the negative errno of fn.
 */
int folder_each(const char *folder, const struct acct_template *template, folder_fn *fn, void *arg,
                int *ret_error) MUST_CHECK;

/* The same, and what lies beside them is added to kinds. */
int folder_each_beside(const char *folder, const struct acct_template *template, folder_fn *fn,
                       void *arg, struct beside kinds[BESIDE_KINDS], int *ret_error) MUST_CHECK;

/* The same for one name: calls fn if it is a file of the template. */
int folder_one(const char *folder, const struct acct_template *template, const char *name,
               folder_fn *fn, void *arg, int *ret_error) MUST_CHECK;

#endif
