/*
 * identity.h - the tables of ARCHITECTURE.md, "Which file is this?", as functions without side
 * effects: the identity that a file's bytes give, and the relation of a new path to a known file.
 */
#ifndef TAILER_IDENTITY_H
#define TAILER_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "state/ladder.h"

/* A file that is written again gets more bytes within this time; its mtime and size show it. */
#define IDENTITY_REST_MS 60000

enum identity {
	IDENTITY_SAME,    /* the last proof holds: continue at the committed offset */
	IDENTITY_COPYING, /* shorter than the committed offset, and no proof that fits fails: the
	                     rest may come, so wait for it */
	IDENTITY_CRASHED, /* an earlier rung, same inode: continue after that row */
	IDENTITY_FORK,    /* an earlier rung, other inode: a separate file that has the same rows
	                     up to there; they are not sent again */
	IDENTITY_NEW      /* nothing holds: a new file, from byte 0 */
};

/* Returns 1 if the bytes at mark give its id, 0 if not, or a negative errno if unreadable. */
typedef int identity_holds_fn(const struct mark *mark, void *arg);

struct identity_case {
	const struct ladder *ladder;
	uint64_t committed;
	bool same_inode;
	uint64_t size; /* of the candidate; UINT64_MAX when unknown (.gz) */
	/* True if only a header at most is committed and the file has it: enough without a row. */
	bool same_head;
	/* True if the rest will not come: the file is at rest, or its bytes are other ones. */
	bool rests;
};

/*
 * Returns an enum identity or a negative errno.  For CRASHED and FORK *ret_resume is the end of the
 * row after which to continue, for COPYING the end of the bytes that are proved (0: none).  A
 * ladder without rungs proves nothing: NEW, or SAME with same_head.
 */
int identity_decide(const struct identity_case *c, identity_holds_fn *holds, void *arg,
                    uint64_t *ret_resume);

enum relation {
	RELATION_NONE,    /* another file, perhaps the same as the next known one */
	RELATION_ALIAS,   /* another path of it: not read a second time */
	RELATION_COPYING, /* not known yet: wait */
	RELATION_HEIR,    /* it is that file from here on, whether read or skipped */
	RELATION_FORK     /* a separate file, to be read after the rows that both have */
};

/* A path with the header and the first row of a known file: they alone prove nothing. */
struct relation_case {
	enum identity identity; /* by the known file's proofs */
	bool unproved;          /* the known file has no proofs yet */
	bool skipped;           /* the known file is not to be read */
	bool there;             /* the known file's own path leads to it, or it is open */
	bool longer;            /* the path has more bytes than the known file has now */
	bool shorter;           /* the path has fewer bytes than the known file had last */
	bool settled;           /* the known file is at rest, and all of it is acknowledged */
	bool unsure;            /* too few bytes of the two were compared */
	bool rests;             /* the path is at rest */
	bool same_name;         /* both have the same name */
	bool differs;           /* the bytes that both have now are not the same */
	bool within;            /* all bytes of the path are those of the known file */
};

enum relation relation_decide(const struct relation_case *c);

#endif
