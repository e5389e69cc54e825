/*
 * identity.h - the tables of ARCHITECTURE.md, "Which file is this?", as functions without side
 * effects: what a file's bytes say, and what a new path is to a file that is known.
 */
#ifndef TAILER_IDENTITY_H
#define TAILER_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "state/ladder.h"

enum identity {
	IDENTITY_SAME,    /* the last proof holds: continue at the committed offset */
	IDENTITY_CRASHED, /* an earlier rung, same inode: continue after that row */
	IDENTITY_COPYING, /* an earlier rung, other inode, shorter: wait for it */
	IDENTITY_FORK,    /* an earlier rung, other inode, not shorter: a file of its own that
	                     shares our rows up to there; they are not sent again */
	IDENTITY_NEW      /* nothing holds: a new file, from byte 0 */
};

/* Whether the bytes at mark give its id: 1 yes, 0 no, or a negative errno when they can't be read.
 */
typedef int identity_holds_fn(const struct mark *mark, void *arg);

struct identity_case {
	const struct ladder *ladder;
	uint64_t committed;
	bool same_inode;
	uint64_t size; /* of the candidate; UINT64_MAX when unknown (.gz) */
	/* At most a header is committed, and it stands there: without a row, that is enough. */
	bool same_head;
};

/*
 * Returns an enum identity or a negative errno.  For CRASHED and FORK *ret_resume is the end of the
 * row after which to go on.  A ladder without rungs proves nothing: NEW, or with same_head SAME.
 */
int identity_decide(const struct identity_case *c, identity_holds_fn *holds, void *arg,
                    uint64_t *ret_resume);

enum relation {
	RELATION_NONE,    /* another file, perhaps the same as the next known one */
	RELATION_ALIAS,   /* another path of it: not read a second time */
	RELATION_COPYING, /* it cannot be told yet: wait */
	RELATION_HEIR,    /* it is that file from here on, read or not to be read */
	RELATION_FORK     /* a file of its own, to be read after the rows that both have */
};

/* A path with the header and the first row of a known file. */
struct relation_case {
	enum identity identity; /* by the known file's proofs */
	bool unproved;          /* the known file has none yet */
	bool before_proofs;     /* the path ends before the earliest of them */
	bool skipped;           /* the known file is not to be read */
	bool there;             /* the known file's own path leads to it, or it is open */
	bool longer;            /* the path has more bytes than the known file has now */
	bool settled;           /* that one is at rest, and all of it is acknowledged */
};

enum relation relation_decide(const struct relation_case *c);

#endif
