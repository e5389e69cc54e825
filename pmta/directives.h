/*
 * directives.h - the acct-file blocks that belong into PowerMTA's configuration.
 */
#ifndef PMTA_DIRECTIVES_H
#define PMTA_DIRECTIVES_H

#include <stdbool.h>
#include <stdio.h>

#include "conf/conf.h"

/*
 * Print the acct-file block of every source, ready to paste, with what else PowerMTA needs for
 * those records and the commands to run as comments.  For the stock sources the blocks are
 * Octeth's own.  extended: log further fields that help Octeth, where the type can have them.
 * Returns 0, or a negative errno when out could not be written.
 */
int directives_print(const struct conf *conf, bool extended, FILE *out);

#endif
