/*
 * header.h - is a line a header, and can its columns be trusted?
 *
 * PowerMTA writes "type" first and names of ASCII letters, digits, '_' and '-'.  Byte order marks
 * before it, the case of letters and blanks around a name change no meaning.  A NUL, a control
 * character or ill-formed UTF-8 does: the columns are not known then, and rows under them must not
 * be delivered under wrong names.
 */
#ifndef CSV_HEADER_H
#define CSV_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

enum header_look {
	HEADER_NONE, /* no header */
	HEADER_GOOD,
	HEADER_DAMAGED
};

/* Looks at a line without byte order marks and line end. */
enum header_look header_look(const char *line, size_t len);

/* Returns true if the first cell is "type", in any case and with blanks around it. */
bool header_is_type(struct slice cell);

/*
 * Makes a header of one file the header of others that have none, as reader_begin() takes it, if
 * its columns can be trusted.  arg is a char **: one that is set stays, and the caller frees it.
 * Returns 0 or -ENOMEM.
 */
int header_borrow(struct slice header, void *arg);

#endif
