/*
 * record_fields.h - the columns of Octeth's own acct-file directives.
 *
 * They are what a source expects of a file without a header line unless it says otherwise, and what
 * `directives` prints.
 */
#ifndef CONF_RECORD_FIELDS_H
#define CONF_RECORD_FIELDS_H

#include "base/slice.h"

/* Those of a record type ("b", "rb", "f"), separated by commas; NULL for any other. */
const char *record_fields_of(struct slice type);

/* Further ones that help Octeth, of those the type can have.  Ends with NULL. */
const char *const *record_fields_more(struct slice type);

#endif
