/*
 * shape.h - does a row fit columns that are not from a header of its own file?
 *
 * Such columns are another file's, or record-fields'.  A row of another shape must not be delivered
 * under them, so every cell has to be there, and what can be recognised has to be in its column:
 * times in the time columns, and a code such as "5.1.1 (...)" in dsnStatus.
 */
#ifndef CSV_SHAPE_H
#define CSV_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "record/columns.h"

/* The cells are followed by a NUL each. */
bool shape_fits(const struct columns *columns, const struct slice *cells, size_t ncells);

#endif
