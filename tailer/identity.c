#include "tailer/identity.h"

int identity_decide(const struct identity_case *c, identity_holds_fn *holds, void *arg,
                    uint64_t *ret_resume)
{
	bool final = c->rests;
	for (size_t i = 0; i < c->ladder->n; i++) {
		const struct mark *rung = &c->ladder->rungs[i];
		if (rung->end > c->size)
			continue;
		int rc = holds(rung, arg);
		if (rc < 0)
			return rc;
		final = final || rc == 0;
		if (rc == 0)
			continue;
		/* Bytes committed after the last proof (such as blank lines) must exist, too. */
		if (i == 0 && c->size >= c->committed)
			return IDENTITY_SAME;
		*ret_resume = rung->end;
		if (c->size < c->committed && !final)
			return IDENTITY_COPYING;
		return c->same_inode ? IDENTITY_CRASHED : IDENTITY_FORK;
	}
	if (c->ladder->n == 0)
		return c->same_head ? IDENTITY_SAME : IDENTITY_NEW;
	*ret_resume = 0;
	return final ? IDENTITY_NEW : IDENTITY_COPYING;
}

/* Nothing of the known file is acknowledged, or no row of it was kept to compare. */
static enum relation unproved(const struct relation_case *c)
{
	if (c->skipped && !c->same_name)
		return RELATION_NONE;
	if (c->skipped)
		return c->there ? RELATION_ALIAS : RELATION_HEIR;
	if (c->there && c->settled && c->rests) /* there will be no proof */
		return c->within ? RELATION_ALIAS : RELATION_NONE;
	if (c->there) /* the first proof will decide */
		return c->differs ? RELATION_NONE : RELATION_COPYING;
	if (!c->shorter)
		return RELATION_HEIR;
	return c->rests ? RELATION_NONE : RELATION_COPYING;
}

enum relation relation_decide(const struct relation_case *c)
{
	if (c->unproved)
		return unproved(c);
	switch (c->identity) {
	case IDENTITY_SAME:
		if (!c->there)
			return RELATION_HEIR;
		if (c->differs)
			return RELATION_FORK;
		if (!c->longer)
			return c->unsure ? RELATION_COPYING : RELATION_ALIAS;
		/* Rows of the known file that are in flight, or not written yet, may be the same.
		 */
		return c->settled ? RELATION_FORK : RELATION_COPYING;
	case IDENTITY_COPYING:
		return RELATION_COPYING;
	case IDENTITY_FORK:
		return c->within ? RELATION_ALIAS : RELATION_FORK;
	default:
		return c->within ? RELATION_ALIAS : RELATION_NONE;
	}
}
