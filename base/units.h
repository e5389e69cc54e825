/*
 * units.h - times and sizes as they are written in the configuration: "30s", "1MiB".
 *
 * A time is a whole number followed by ms, s, m, h or d; a size a whole number followed by B, KiB,
 * MiB or GiB.  0 needs no unit; anything else does.  Blanks between number and unit are allowed.
 */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Return false and leave *ret untouched when text is not of that form or does not fit. */
bool units_time(const char *text, uint64_t *ret_ms);
bool units_size(const char *text, uint64_t *ret_bytes);
bool units_number(const char *text, uint64_t *ret);

/* Reads the digits at the start of text.  Returns the rest, or NULL for none or too many. */
const char *units_digits(const char *text, uint64_t *ret);

/* Print the shortest exact form ("90s", "1h", "64KiB", "0s"); it reads back as the same value. */
void units_print_time(uint64_t ms, char *ret, size_t size);
void units_print_size(uint64_t bytes, char *ret, size_t size);

/* For people, rounded: "0.25 s", "60 s"; "12.3 KiB"; "12.3 kB".  They return ret. */
#define UNITS_FOR_PEOPLE 32
const char *units_seconds(int64_t ms, char ret[UNITS_FOR_PEOPLE]);
const char *units_binary(uint64_t bytes, char ret[UNITS_FOR_PEOPLE]);
const char *units_decimal(uint64_t bytes, char ret[UNITS_FOR_PEOPLE]);

/* Returns the plural ending for n objects: "" for 1, else "s". */
const char *units_s(uint64_t n);

#endif
