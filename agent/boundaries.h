/*
 * boundaries.h - the boundaries of the batches that were in flight when the agent ended.
 *
 * The same rows become the same batch again, so that the same body is sent under the same key.  A
 * boundary is used only while the configuration gives the same bytes.
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
 * Reads them from the store.  Boundaries written under a configuration that gives other bytes are
 * deleted there, in a separate transaction.  Returns 0 or a negative errno.
 */
int boundaries_load(struct boundaries *b, const struct conf *conf, const struct rules *rules,
                    struct store *store, int64_t now_ms) MUST_CHECK;
void boundaries_close(struct boundaries *b);

/* Removes the boundary that begins at start of the file.  Returns its end; 0 for none. */
uint64_t boundaries_take(struct boundaries *b, int64_t file, uint64_t start);

#endif
