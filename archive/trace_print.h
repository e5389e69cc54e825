/*
 * trace_print.h - prints a row found by a trace, for people and for programs.
 */
#ifndef ARCHIVE_TRACE_PRINT_H
#define ARCHIVE_TRACE_PRINT_H

#include "archive/trace.h"

/* Prints on standard output, addresses masked unless raw.  Returns 0 or -ENOMEM. */
int trace_print(const struct trace_row *row, bool raw, bool json) MUST_CHECK;

#endif
