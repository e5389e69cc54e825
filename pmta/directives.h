/*
 * directives.h - prints the acct-file blocks for PowerMTA's configuration.
 */
#ifndef PMTA_DIRECTIVES_H
#define PMTA_DIRECTIVES_H

#include <stdbool.h>
#include <stdio.h>

#include "conf/conf.h"

/*
 * Prints the acct-file block of every source, ready to paste.  Comments give the other settings
 * that PowerMTA needs for those records, and the commands to run.  For the default sources the
 * blocks are Octeth's own.  With extended, more fields that help Octeth are logged, if the type has
 * them. Returns 0, or a negative errno when out could not be written.
 */
int directives_print(const struct conf *conf, bool extended, FILE *out);

/* Prints the acct-file block of one source, and an empty line. */
void directives_print_block(const struct conf_source *s, bool extended, FILE *out);

#endif
