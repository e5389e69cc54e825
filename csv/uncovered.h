/*
 * uncovered.h - what a changed configuration leaves behind: files in places of the store that no
 * source has any more, and archives in a new move-to.
 */
#ifndef CSV_UNCOVERED_H
#define CSV_UNCOVERED_H

#include "conf/conf.h"
#include "state/store.h"

struct uncovered {
	const char *source, *folder, *base; /* as the store has them; source: in the configuration
	                                       for archives */
	bool archives; /* a new move-to, and whether its old archives would be sent */
	bool sent;
	bool blind;     /* the folder cannot be read: what is in it is not known */
	bool past;      /* the store has it as a place of before */
	size_t files;   /* with rows left */
	uint64_t bytes; /* left; for .gz files their size */
};

typedef void uncovered_fn(const struct uncovered *u, void *arg);

/*
 * Calls fn for each place of the store that no source has, also without files, and for each new
 * move-to with archives.  Reads folders and files, and changes nothing.  Returns 0 or -errno.
 */
int uncovered_each(const struct conf *conf, struct store *store, uncovered_fn *fn,
                   void *arg) MUST_CHECK;

#define UNCOVERED_SIZE 1024

/* Writes one line: what would be lost or sent, and what to do.  Returns false for nothing. */
bool uncovered_text(const struct uncovered *u, char ret[UNCOVERED_SIZE]);

#endif
