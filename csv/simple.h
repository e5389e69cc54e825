/*
 * simple.h - rows that need no parser: the fast path beside libcsv.
 *
 * Nearly every accounting row is one line whose cells are either without any quote or in quotes
 * from end to end.  Such a row is split here at a small part of what libcsv needs for it; any
 * other, the wrong ones and those of several lines, is left to libcsv.  That both give the same
 * cells is held by tests/fuzz/fuzz_simple.c and tests/unit/csv/test_simple.c, which compare them on
 * any bytes.
 */
#ifndef CSV_SIMPLE_H
#define CSV_SIMPLE_H

#include <stddef.h>

#include "base/slice.h"

/*
 * Split a row of len bytes, its line end already taken off; it holds neither LF nor NUL.  text is
 * written into: each cell gets a NUL after it, text[len] included.  Returns the number of cells,
 * or 0 when the row is not simple or has more than max; then text may be changed, too.
 */
size_t simple_split(char *text, size_t len, struct slice *ret, size_t max);

#endif
