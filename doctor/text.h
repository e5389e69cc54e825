/*
 * text.h - dates as findings show them.
 */
#ifndef DOCTOR_TEXT_H
#define DOCTOR_TEXT_H

#include <stdint.h>

/* Returns ret with the date of a real time in seconds, as "2026-11-21". */
#define DOCTOR_DATE_MAX 24
const char *doctor_date(int64_t seconds, char ret[DOCTOR_DATE_MAX]);

#endif
