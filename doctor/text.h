/*
 * text.h - dates and commands as findings show them.
 */
#ifndef DOCTOR_TEXT_H
#define DOCTOR_TEXT_H

#include <stdint.h>

#include "base/fix.h"
#include "doctor/doctor.h"

/* Returns ret with the date of a real time in seconds, as "2026-11-21". */
#define DOCTOR_DATE_MAX 24
const char *doctor_date(int64_t seconds, char ret[DOCTOR_DATE_MAX]);

/* Writes a command of our own, with the configuration file at hand, and the rest of its line. */
const char *doctor_command(const struct doctor *d, const char *command, const char *rest,
                           struct fix *ret);

/* The same for root: with sudo where there is one and it is necessary. */
const char *doctor_command_as_root(const struct doctor *d, const char *command, struct fix *ret);

/* Writes how the agent reads its configuration again. */
const char *doctor_reload(const struct doctor *d, struct fix *ret);

#endif
