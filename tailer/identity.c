#include "tailer/identity.h"

int identity_decide(const struct identity_case *c, identity_holds_fn *holds, void *arg,
                    uint64_t *ret_resume)
{
	for (size_t i = 0; i < c->ladder->n; i++) {
		const struct mark *rung = &c->ladder->rungs[i];
		if (rung->end > c->size)
			continue;
		int rc = holds(rung, arg);
		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		/* Bytes committed after the last proof (such as blank lines) must exist, too. */
		if (i == 0 && c->size >= c->committed)
			return IDENTITY_SAME;
		*ret_resume = rung->end;
		if (c->same_inode)
			return IDENTITY_CRASHED;
		return c->size < c->committed ? IDENTITY_COPYING : IDENTITY_FORK;
	}
	return c->ladder->n == 0 && c->same_head ? IDENTITY_SAME : IDENTITY_NEW;
}

enum relation relation_decide(const struct relation_case *c)
{
	if (c->skipped)
		return c->there ? RELATION_ALIAS : RELATION_HEIR;
	if (c->unproved) /* nothing is acknowledged yet: the first proof will decide */
		return c->there ? RELATION_COPYING : RELATION_HEIR;
	switch (c->identity) {
	case IDENTITY_SAME:
		if (!c->there)
			return RELATION_HEIR;
		if (!c->longer)
			return RELATION_ALIAS;
		/* Rows of the known file that are in flight, or not written yet, may be the same.
		 */
		return c->settled ? RELATION_FORK : RELATION_COPYING;
	case IDENTITY_FORK:
		return RELATION_FORK;
	case IDENTITY_COPYING:
		return RELATION_COPYING;
	default:
		return c->before_proofs ? RELATION_COPYING : RELATION_NONE;
	}
}
