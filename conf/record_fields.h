/*
 * record_fields.h - the columns of Octeth's own acct-file directives.
 *
 * A source uses them by default for a file without a header line, and `directives` prints them.
 */
#ifndef CONF_RECORD_FIELDS_H
#define CONF_RECORD_FIELDS_H

#include "base/slice.h"

/* Returns the columns of a record type ("b", "rb", "f"), comma-separated; NULL for another type. */
const char *record_fields_of(struct slice type);

/* Returns further columns of the type that help Octeth.  Ends with NULL. */
const char *const *record_fields_more(struct slice type);

#endif
