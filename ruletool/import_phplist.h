/*
 * import_phplist.h - imports the bounce rules of phpList and products based on it.
 */
#ifndef RULETOOL_IMPORT_PHPLIST_H
#define RULETOOL_IMPORT_PHPLIST_H

#include "ruletool/import_print.h"

/*
 * Imports a dump of phpList's bounce rules: CSV or TSV, with a heading or as "regex, action,
 * order", or the INSERT lines of an SQL dump.  all has a NUL after it.  Returns 0 or -ENOMEM.
 */
int rules_import_phplist(struct rules_import *im, struct slice all) MUST_CHECK;

#endif
