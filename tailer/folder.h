/*
 * folder.h - the files of one acct-file in one folder, as they lie there now.
 *
 * Whoever looks into a folder of accounting files does it here, the agent and the commands alike,
 * so that all agree on what a file is: it bears a name of the template (name.h) and is a regular
 * file, no symbolic link.  NAME.gz is none while a file NAME lies beside it: gzip is at work, and
 * all the rows are in NAME.  One that cannot be looked at hides no other.
 */
#ifndef TAILER_FOLDER_H
#define TAILER_FOLDER_H

#include <sys/stat.h>

#include "base/err.h"
#include "tailer/name.h"

enum folder_result {
	FOLDER_READ = 0, /* all of it was looked through */
	FOLDER_MISSING,  /* there is no such folder, or not yet */
	FOLDER_CLOSED,   /* it cannot be looked into */
	FOLDER_BROKEN    /* reading broke off: there may be more in it */
};

struct folder_file {
	const char *name; /* good during the call */
	struct acct_name key;
	int error; /* an errno: it is there and cannot be looked at; else st is set */
	struct stat st;
};

/* Returns 0 to go on, or a negative errno to stop with. */
typedef int folder_fn(const struct folder_file *f, void *arg);

/*
 * Call fn for each file, in no order.  Returns an enum folder_result, with its errno in *ret_error
 * (0 when all was read), or the negative errno of fn.
 */
int folder_each(const char *folder, const struct acct_template *template, folder_fn *fn, void *arg,
                int *ret_error) MUST_CHECK;

/* The same of one name: fn is called if that is a file now. */
int folder_one(const char *folder, const struct acct_template *template, const char *name,
               folder_fn *fn, void *arg, int *ret_error) MUST_CHECK;

#endif
