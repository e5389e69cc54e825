/*
 * boundaries.h - where batches began and ended that were in flight when the agent ended.
 *
 * The same rows are cut into the same batch again, so that the same body goes out under the same
 * key.  A boundary counts only while the configuration gives the same bytes.
 */
#ifndef AGENT_BOUNDARIES_H
#define AGENT_BOUNDARIES_H

#include "conf/conf.h"
#include "rules/rules.h"
#include "state/store.h"

struct boundaries {
	struct store_batch *all;
	size_t n;
};

/*
 * Read them from the store.  Those that were written under a configuration that gives other bytes
 * are dropped there, in a transaction of its own.  0 or a negative errno.
 */
int boundaries_load(struct boundaries *b, const struct conf *conf, const struct rules *rules,
                    struct store *store, int64_t now_ms) MUST_CHECK;
void boundaries_close(struct boundaries *b);

/* The end of the boundary that begins at start of the file, which is taken out; 0 for none. */
uint64_t boundaries_take(struct boundaries *b, int64_t file, uint64_t start);

#endif
