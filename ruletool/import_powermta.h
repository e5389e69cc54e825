/*
 * import_powermta.h - imports PowerMTA's bounce categories.
 *
 * The file is a whole configuration, of which the <bounce-category-patterns> are used, or a list of
 * patterns without that line around it.
 */
#ifndef RULETOOL_IMPORT_POWERMTA_H
#define RULETOOL_IMPORT_POWERMTA_H

#include "ruletool/import_print.h"

/*
 * Patterns that cannot be carried over are reported line by line, and all that is not a pattern in
 * one line.
 */
void rules_import_powermta(struct rules_import *im, struct slice all);

#endif
