/*
 * identity.h - the identity table of ARCHITECTURE.md, as one function without side effects.
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
};

/*
 * Returns an enum identity or a negative errno.  For CRASHED and FORK *ret_resume is the end of the
 * row after which to go on.  A ladder without rungs proves nothing: NEW.
 */
int identity_decide(const struct identity_case *c, identity_holds_fn *holds, void *arg,
                    uint64_t *ret_resume);

#endif
