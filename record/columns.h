/*
 * columns.h - the columns of one file: its header, or PowerMTA's union when it has none.
 *
 * PowerMTA heads a file with the union of the columns of all its record types: the first type's
 * fields in record-fields order, then those that later types add (User's Guide, "record-fields").
 * A name that stands twice gets _2, _3 from its second occurrence on, and so does one that would
 * collide with a name that goes over the wire beside the columns (the type field, eventId, what
 * rules say).
 */
#ifndef RECORD_COLUMNS_H
#define RECORD_COLUMNS_H

#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

#define COLUMNS_MAX 512

struct columns {
	size_t n;
	const char **names;     /* NUL-terminated, valid UTF-8; names[0] is the type field */
	struct slice *keys;     /* the names as json_record() writes them: see json_key() */
	char *text, *keys_text; /* what names and keys point into */
	size_t to, return_path, orig, rcpt; /* of header_To, ...; n when there is none */
	size_t diag, status, bounce_cat, mta, action, feedback; /* of dsnDiag, ..., feedbackType */
};

/*
 * Columns from the cells of a header.  The first, "type", is named type_field.  Returns 0, -ENOMEM,
 * or -E2BIG for more than COLUMNS_MAX.  The caller owns *ret.
 */
int columns_new(struct columns **ret, const struct slice *cells, size_t n,
                const char *type_field) MUST_CHECK;

/*
 * The union of record-fields lines such as "b timeQueued,timeLogged".  Returns 0, -ENOMEM, -E2BIG,
 * or -EINVAL when a line is not of that form.
 */
int columns_union(struct columns **ret, const struct strlist *record_fields,
                  const char *type_field) MUST_CHECK;

struct columns *columns_free(struct columns *c);

/* Index of a column, or n when there is none. */
size_t columns_find(const struct columns *c, const char *name);

#endif
