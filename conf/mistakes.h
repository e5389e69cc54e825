/*
 * mistakes.h - the mistakes in a configuration file.
 *
 * Mistakes are collected while the file is read and checked, in any order, and reported at the end
 * in the order of its lines.
 */
#ifndef CONF_MISTAKES_H
#define CONF_MISTAKES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/conf.h"

struct mistake {
	unsigned line;
	size_t nth; /* position among the mistakes found: keeps the order within a line */
	char *text;
	int error; /* errno of a file that cannot be read, or 0 */
};

struct mistakes {
	const char *path; /* borrowed; starts every line */
	struct mistake *v;
	size_t n;
	bool no_memory; /* an allocation failed: the file is not to blame */
};

/* Adds a mistake.  Control characters become \xHH, so that it stays one line. */
void mistake(struct mistakes *m, unsigned line, const char *fmt, ...) ERR_PRINTF(3, 4);

/* Adds a mistake: the file at path, which key names, cannot be read. */
void mistake_unreadable(struct mistakes *m, unsigned line, const char *key, const char *path,
                        int error);

/* Reports all of them by line, each as "PATH:LINE: text". */
void mistakes_tell(struct mistakes *m, conf_mistake_fn *fn, void *arg);

void mistakes_clear(struct mistakes *m);

#endif
