/*
 * simple.h - splits rows that need no parser: the fast path instead of libcsv.
 *
 * Nearly every accounting row is one line whose cells either contain no quote or are completely in
 * quotes.  Such a row is split here in a small part of libcsv's time; any other row, such as a bad
 * one or one of several lines, is left to libcsv.  tests/fuzz/fuzz_simple.c and
 * tests/unit/csv/test_simple.c check on any bytes that both give the same cells.
 */
#ifndef CSV_SIMPLE_H
#define CSV_SIMPLE_H

#include <stddef.h>

#include "base/slice.h"

/*
 * Splits a row of len bytes without its line end; it contains neither LF nor NUL.  text is changed:
 * each cell gets a NUL after it, also at text[len].  Returns the number of cells, or 0 when the row
 * is not simple or has more than max; then text may be changed, too.
 */
size_t simple_split(char *text, size_t len, struct slice *ret, size_t max);

#endif
