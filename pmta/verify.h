/*
 * verify.h - whether PowerMTA's configuration logs what the sources need.
 */
#ifndef PMTA_VERIFY_H
#define PMTA_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/finding.h"
#include "conf/conf.h"
#include "pmta/config.h"

/* Who is to read PowerMTA's files, and through which group. */
struct verify_reader {
	char user[64], group[64];
	bool member; /* it is known to be able to */
};

struct verify {
	const struct conf *conf;
	const struct pmta_config *pmta;
	struct verify_reader reader;
	struct teller to;
};

/*
 * Compare PowerMTA's acct-file blocks with every source, and look for what rb and f records need.
 * A problem has to be changed, or records are lost or never made; each names file and line.
 */
void verify_pmta(const struct verify *v);

/*
 * The domains to which mail for a processor ("bounce-processor", "feedback-loop-processor") comes,
 * as far as its address-list has them plainly.  fn gets each once.  Returns whether there is such a
 * block at all.
 */
typedef void verify_domain_fn(const char *domain, const struct pmta_node *where, void *arg);
bool verify_domains(const struct pmta_config *c, const char *processor, verify_domain_fn *fn,
                    void *arg);

/*
 * How long PowerMTA keeps a file of that acct-file block before it deletes it, shipped or not.
 * False when it never does, or says so in a way that cannot be read.  Of no meaning with move-to.
 */
bool verify_keeps_ms(const struct pmta_config *c, size_t block, uint64_t *ret);

/* The acct-file block that writes a source's files, or 0. */
size_t verify_block(const struct pmta_config *c, const struct conf_source *s);

#endif
