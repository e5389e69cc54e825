/*
 * other_programs.h - other programs' configuration files that name our folders; text is looked for,
 * not understood.
 */
#ifndef DOCTOR_OTHER_PROGRAMS_H
#define DOCTOR_OTHER_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"

/* Each program under root ("" for this host) whose configuration names a source's files. */
typedef void other_programs_fn(const char *program, const char *unit, const char *where,
                               const struct conf_source *source, void *arg);
void other_programs_each(const char *root, const struct conf *conf, other_programs_fn *fn,
                         void *arg);

/* The first line of cron, logrotate or tmpfiles that names the folder: "FILE:LINE". */
bool other_programs_cleaner(const char *root, const char *folder, char *ret, size_t size);

#endif
