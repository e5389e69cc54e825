/*
 * text.h - sizes and dates as findings show them.
 */
#ifndef DOCTOR_TEXT_H
#define DOCTOR_TEXT_H

#include <stdint.h>

/* "12.3 MB" */
#define DOCTOR_SIZE_MAX 32
const char *doctor_size(uint64_t bytes, char ret[DOCTOR_SIZE_MAX]);

/* "2026-11-21" of a real time in seconds. */
#define DOCTOR_DATE_MAX 24
const char *doctor_date(int64_t seconds, char ret[DOCTOR_DATE_MAX]);

#endif
