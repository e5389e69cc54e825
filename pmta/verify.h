/*
 * verify.h - checks that PowerMTA's configuration logs what the sources need.
 */
#ifndef PMTA_VERIFY_H
#define PMTA_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/finding.h"
#include "base/fix.h"
#include "conf/conf.h"
#include "pmta/config.h"

/* The user who reads PowerMTA's files, and the group that gives access. */
struct verify_reader {
	char user[64], group[64];
	bool member; /* the user is known to have access */
};

struct verify {
	const struct conf *conf;
	const struct pmta_config *pmta;
	struct verify_reader reader;
	struct teller to;
};

/*
 * Compares PowerMTA's acct-file blocks with every source, and checks what rb and f records need.  A
 * problem that is not fixed loses records or prevents them; each finding names file and line.
 */
void verify_pmta(const struct verify *v);

/*
 * Calls fn once for each domain that receives mail for a processor ("bounce-processor",
 * "feedback-loop-processor"), if its address-list names the domain plainly.  Returns true if there
 * is such a block.
 */
typedef void verify_domain_fn(const char *domain, const struct pmta_node *where, void *arg);
bool verify_domains(const struct pmta_config *c, const char *processor, verify_domain_fn *fn,
                    void *arg);

/*
 * Gives the time after which PowerMTA deletes a file of that acct-file block, shipped or not.
 * Returns false when it never does, or when the value cannot be parsed.  Has no meaning with
 * move-to.
 */
bool verify_keeps_ms(const struct pmta_config *c, size_t block, uint64_t *ret);

/*
 * Writes the command that makes a folder for PowerMTA: with the owner of another one (like), or, if
 * that is NULL, of the user pmta if there is one.
 */
const char *verify_make_folder(struct fix *ret, const char *path, const char *like);

/* Returns the acct-file block that writes a source's files, or 0. */
size_t verify_block(const struct pmta_config *c, const struct conf_source *s);

#endif
