/*
 * mistakes.h - what is wrong with a configuration file.
 *
 * Mistakes are collected while the file is read and checked, in whatever order they are found,
 * and told at the end in the order of its lines.
 */
#ifndef CONF_MISTAKES_H
#define CONF_MISTAKES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/conf.h"

struct mistake {
	unsigned line;
	size_t nth; /* found as the nth: keeps the order within a line */
	char *text;
};

struct mistakes {
	const char *path; /* borrowed; begins every line */
	struct mistake *v;
	size_t n;
	bool no_memory; /* something could not be allocated: the file is not to blame */
};

/* Note one mistake.  Control characters become \xHH, so that it stays one line. */
void mistake(struct mistakes *m, unsigned line, const char *fmt, ...) ERR_PRINTF(3, 4);

/* Tell all of them, "PATH:LINE: text" each, by line. */
void mistakes_tell(struct mistakes *m, conf_mistake_fn *fn, void *arg);

void mistakes_clear(struct mistakes *m);

#endif
