/*
 * load.h - what the subcommands of `rules` share; for ruletool/ only.
 */
#ifndef RULETOOL_LOAD_H
#define RULETOOL_LOAD_H

#include "base/slice.h"
#include "ruletool/options.h"

/* Load what the options name into conf and rules.  0 or CLI_EXIT_CONF, with the reason reported. */
int ruletool_load(struct ruletool_options *o);

/* Text from outside for a terminal: printable, addresses masked unless raw; cut to size. */
void ruletool_text(const struct ruletool_options *o, struct slice text, char *ret, size_t size);

#endif
