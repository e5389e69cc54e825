/*
 * columns.h - the columns of one file: its header, or PowerMTA's union when it has no header.
 *
 * PowerMTA's header is the union of the columns of all record types in the file: the first type's
 * fields in record-fields order, then those that later types add (User's Guide, "record-fields").
 * Names are compared without regard to case.  Known ones get the spelling that receivers expect.
 * Blanks around a name are dropped.  A
 * name that occurs twice gets _2, _3 from its second occurrence on.  So does a name that collides
 * with one that is sent with the columns (the type field, eventId, the rules' members).
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
	char *text, *keys_text; /* the memory that names and keys point into */
	/* Indexes of header_To, header_Return-Path, ..., feedbackType; n when there is none. */
	size_t to, return_path, orig, rcpt;
	size_t hotmail_rcpt, arf_rcpt; /* header_X-HmXmrOriginalRecipient, arf_Original-Rcpt-To */
	size_t diag, status, bounce_cat, mta, action, feedback;
};

/*
 * Makes columns from the cells of a header.  The first, "type", is named type_field.  Returns 0,
 * -ENOMEM, or -E2BIG for more than COLUMNS_MAX.  The caller owns *ret.
 */
int columns_new(struct columns **ret, const struct slice *cells, size_t n,
                const char *type_field) MUST_CHECK;

/*
 * Makes the union of record-fields lines such as "b timeQueued,timeLogged".  Returns 0, -ENOMEM,
 * -E2BIG, or -EINVAL when a line is not of that form.
 */
int columns_union(struct columns **ret, const struct strlist *record_fields,
                  const char *type_field) MUST_CHECK;

struct columns *columns_free(struct columns *c);

/* Returns the index of a column, in the spelling of columns.c, or n when there is none. */
size_t columns_find(const struct columns *c, const char *name);

#endif
