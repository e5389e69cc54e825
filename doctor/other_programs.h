/*
 * other_programs.h - finds other programs' configuration files that name our folders, by a plain
 * search for text.
 */
#ifndef DOCTOR_OTHER_PROGRAMS_H
#define DOCTOR_OTHER_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"

/* Calls fn for each program whose configuration under root ("": /) names a source's files. */
typedef void other_programs_fn(const char *program, const char *unit, const char *where,
                               const struct conf_source *source, void *arg);
void other_programs_each(const char *root, const struct conf *conf, other_programs_fn *fn,
                         void *arg);

/* Finds a place of such configuration that this process may not read. */
bool other_programs_closed(const char *root, char *ret, size_t size);

/* Finds the first line of cron, logrotate or tmpfiles that deletes in the folder: "FILE:LINE". */
bool other_programs_cleaner(const char *root, const char *folder, char *ret, size_t size);

/*
 * Calls fn for each line of cron, logrotate and tmpfiles under root that may delete or rename
 * files; comments are left out.  doing is what it does: "deletes", "renames", or "renames or
 * deletes".
 */
typedef void other_programs_line_fn(const char *where, const char *doing, struct slice line,
                                    void *arg);
void other_programs_lines(const char *root, other_programs_line_fn *fn, void *arg);

#endif
