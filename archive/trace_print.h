/*
 * trace_print.h - a row that was traced, for people and for programs.
 */
#ifndef ARCHIVE_TRACE_PRINT_H
#define ARCHIVE_TRACE_PRINT_H

#include "archive/trace.h"

/* On standard output, as text or as JSON, addresses masked unless raw.  0 or -ENOMEM. */
int trace_print(const struct trace_row *row, bool raw, bool json) MUST_CHECK;

#endif
