/*
 * load.h - functions that the subcommands of `rules` share; for ruletool/ only.
 */
#ifndef RULETOOL_LOAD_H
#define RULETOOL_LOAD_H

#include "base/slice.h"
#include "ruletool/options.h"

/* Loads the options' conf and rules.  Returns 0, or CLI_EXIT_CONF after reporting the reason. */
int ruletool_load(struct ruletool_options *o);

/* Makes text from outside printable for a terminal; masks addresses unless raw; cuts to size. */
void ruletool_text(const struct ruletool_options *o, struct slice text, char *ret, size_t size);

#endif
