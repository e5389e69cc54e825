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
		/* What was committed after the last proof (blank lines, say) must be there, too. */
		if (i == 0 && c->size >= c->committed)
			return IDENTITY_SAME;
		*ret_resume = rung->end;
		if (c->same_inode)
			return IDENTITY_CRASHED;
		return c->size < c->committed ? IDENTITY_COPYING : IDENTITY_FORK;
	}
	return IDENTITY_NEW;
}
